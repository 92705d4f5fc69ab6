"""Log lines without what must not be stored: they pass redaction like every other text."""

import logging

import redaction
from redaction import noticing

#: The part of what comes in that is found in a line of the log.
LOG = "log"


class RedactingFormatter(logging.Formatter):
    """Formats a record, its traceback included, and masks cards and secrets in the result."""

    def format(self, record: logging.LogRecord) -> str:
        with noticing.part(LOG):
            return redaction.clean(super().format(record))
