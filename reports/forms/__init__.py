"""What people enter to ask for figures, and about improvements."""
