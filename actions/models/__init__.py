"""Sensitive actions, as rows."""
