"""What people send to bug reports and trackers."""
