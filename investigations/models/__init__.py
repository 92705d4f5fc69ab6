"""Investigations, as rows."""
