"""Log lines without what must not be stored: they pass redaction like every other text."""

import logging

import redaction


class RedactingFormatter(logging.Formatter):
    """Formats a record, its traceback included, and masks cards and secrets in the result."""

    def format(self, record: logging.LogRecord) -> str:
        return redaction.clean(super().format(record))
