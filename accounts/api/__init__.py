"""What the API needs of people and their requests."""
