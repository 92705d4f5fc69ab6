"""Security incidents, as rows."""
