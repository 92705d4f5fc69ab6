"""Cards out of text, before anything is stored: `clean(text)`, or `redact(text)` to learn what was found."""

from redaction.firewall import Redacted, clean, redact, redact_json
from redaction.schemes import Finding

__all__ = ["Finding", "Redacted", "clean", "redact", "redact_json"]
