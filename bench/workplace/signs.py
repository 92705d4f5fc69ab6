"""Names by which those who fill and those who measure know each other; without Django."""

PASSWORD = "of-a-bench-2026"  # noqa: S105  of people who exist only here
DOMAIN = "bench.test"
#: The team whose people are measured; it has a third of all tickets.
MEASURED_TEAM = "Second line 1"
