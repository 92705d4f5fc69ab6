"""What incidents are called in the reader's language: what was found, where, and with which deed."""

from collections.abc import Callable, Mapping

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from audit.verifying import PROBLEMS
from incidents.models import Cause, Incident

KINDS = {
    "card": gettext_lazy("Card number"),
    "track": gettext_lazy("Magnetic stripe"),
    "cvv": gettext_lazy("Card code"),
    "iban": pgettext_lazy("kind", "IBAN"),
    "key": gettext_lazy("Key or token"),
    "password": gettext_lazy("Password"),
    "private_key": gettext_lazy("Private key"),
    "unreadable": gettext_lazy("Can't be looked through"),
}

#: Return what an object is called and its address, or None if it is gone; by the object's type.
Named = Callable[[int], tuple[str, str] | None]
_named: dict[str, Named] = {}

DEEDS = {
    "ticket.created": gettext_lazy("Escalated"),
    "ticket.message": gettext_lazy("Message"),
    "ticket.resolved": gettext_lazy("Answer"),
    "ticket.resubmitted": gettext_lazy("Resubmitted"),
    "ticket.diagnosis": gettext_lazy("Diagnosis"),
    "person.changed": gettext_lazy("Preferences"),
}

PAGES = {
    "keep_draft": gettext_lazy("Draft of an escalation"),
    "escalation_hints": gettext_lazy("Hints for an escalation"),
    "escalate_in": gettext_lazy("Form of an escalation"),
    "keep_message_draft": gettext_lazy("Draft of a message"),
    "preview_message": gettext_lazy("Preview of a message"),
    "write_message": gettext_lazy("Message"),
    "ticket": gettext_lazy("Page of an escalation"),
    "ticket_act": gettext_lazy("Step of an escalation"),
    "rate": gettext_lazy("Rating by a customer"),
}


def name_places(kind: str, named: Named) -> None:
    """Let objects of this type be named by the app that knows them; it says so when it starts."""
    _named[kind] = named


def kinds(counted: Mapping[str, int]) -> str:
    """Return what was found: "2 × Card number, Card code"."""
    parts = []
    for kind, number in sorted(counted.items()):
        label = str(KINDS.get(kind) or PROBLEMS.get(kind) or kind)
        parts.append(f"{number} × {label}" if number > 1 else label)
    return ", ".join(parts)


def place(incident: Incident) -> tuple[str, str]:
    """Return where it was found, and the address of that ("" if it has none)."""
    kind, number = incident.place_type, incident.place_id
    if kind in _named and (named := _named[kind](number)) is not None:
        return named
    if incident.cause == Cause.TRAIL:
        return _("Audit trail"), reverse("audit_trail")
    if kind == "page" or kind.startswith("page."):
        return _page(kind.partition(".")[2])
    match kind:
        case "column":
            return _("Column %s") % incident.place, ""
        case "file":
            return _("File %s") % incident.place, ""
        case "backup.column" | "backup.file":
            return _("Backup %s") % incident.place, ""
        case "import":
            return _("Import of %s") % incident.place, ""
    if kind.startswith("job."):
        return _("Job %s") % kind[4:], ""
    return f"{kind} {number}" if number else f"{kind} {incident.place}".strip(), ""


def _page(name: str) -> tuple[str, str]:
    if not name:
        return _("An address that does not exist"), ""
    if name in PAGES:
        return str(PAGES[name]), ""
    try:
        return _("Page %s") % reverse(name), ""
    except NoReverseMatch:
        return _("Page %s") % name.replace("_", " "), ""


def deed(kind: str) -> str:
    """Return what somebody did that brought it in."""
    return str(DEEDS.get(kind, kind.replace(".", " ").replace("_", " ")))
