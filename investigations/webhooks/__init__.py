"""The webhook tester: an address per ticket, what arrives there, and whether it is signed rightly."""
