"""Where evidence comes from, in words that somebody can check it by."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from escalations.models import Evidence


def origin(evidence: Evidence) -> list[str]:
    """Return the parts of where it comes from: file and line, query and version, run, message, hash, time."""
    source = evidence.source
    found = []
    if file := source.get("file"):
        found.append(f"{file}:{source['line']}" if source.get("line") else str(file))
    if query := source.get("query"):
        version = source.get("version")
        found.append(
            _("%(query)s, version %(version)s") % {"query": query, "version": version} if version else query
        )
    if run := source.get("run"):
        found.append(_("run %s") % run)
    if message := source.get("message"):
        found.append(_("message %s") % message)
    if source.get("contract"):
        found.append(_("contract"))
    if digest := source.get("sha256"):
        found.append(f"SHA-256 {digest}")
    if at := _moment(source.get("at")):
        found.append(date_format(timezone.localtime(at), _("j M Y, H:i")) + at.strftime(":%S"))
    return [str(part) for part in found]


def page(evidence: Evidence) -> str:
    """Return the address within Secondline that shows where it comes from, "" if there is none."""
    address = str(evidence.source.get("page") or "")
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else ""


def _moment(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else None
