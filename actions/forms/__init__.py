"""What people enter about sensitive actions and their policies."""
