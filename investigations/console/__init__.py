"""The API console: environments, requests from a ticket, what came back."""
