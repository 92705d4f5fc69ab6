"""Read-only questions to other systems: their parameters, how they are asked, and what may be kept of the answer.

`asking` asks one of `databases` or `over_http`; `running` does it for a ticket. Nothing asks within a transaction.
"""
