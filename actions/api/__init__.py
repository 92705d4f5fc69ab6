"""Sensitive actions over the API."""
