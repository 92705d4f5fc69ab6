"""The points ledger, as rows."""
