"""Logs out of search servers, through their HTTP interfaces: a question in, lines out. Nothing is stored here."""
