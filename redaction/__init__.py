"""Cards and secrets out of text before it is stored: `clean(text)`, or `redact(text)` to learn what was found."""

from redaction.firewall import Redacted, clean, provide_own_ids, redact, redact_json
from redaction.noticing import unnoticed
from redaction.own_ids import OwnIds
from redaction.schemes import Finding

__all__ = ["Finding", "OwnIds", "Redacted", "clean", "provide_own_ids", "redact", "redact_json", "unnoticed"]
