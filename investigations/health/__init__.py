"""What customers have connected to us: its versions, runbooks, checklists and re-checks."""
