"""Compliance reviews, as rows."""
