"""The workplace at 1,000 to 1,000,000 tickets, beside others: docs/performance.md."""
