"""What the pages of reviews take in."""
