"""Entries as lines of a file: CSV for a spreadsheet, JSON lines for whoever checks the chain elsewhere."""

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from audit import canonical
from audit.models import Entry, Seal
from common import csv_export


def _seal(entry: Entry) -> Seal | None:
    return getattr(entry, "seal", None)  # joined; none while an entry waits for its seal


def as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield a table with a line for each entry."""
    columns = (
        _("Number"), _("Time (UTC)"), _("Person"), _("Person's number"), _("Action"), _("Object"),
        _("Object's number"), _("Result"), _("Address"), _("Browser"), _("Request"), _("Details"), _("Hash"),
    )  # fmt: skip
    return csv_export.stream(columns, map(_row, entries))


def _row(entry: Entry) -> tuple[csv_export.Value, ...]:
    seal = _seal(entry)
    return (
        seal.number if seal else None, canonical.moment(entry.at), entry.name, entry.person_id, entry.action,
        entry.object_type, entry.object_id, entry.result, entry.address, entry.agent, entry.request,
        canonical.spelled(entry.data).decode(), bytes(seal.hash).hex() if seal else "",
    )  # fmt: skip


def as_json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield of each sealed entry what was hashed, and the hash; docs/audit.md says how to check them."""
    for entry in entries:
        if seal := _seal(entry):
            record = canonical.record(entry, seal.number, seal.key)
            line = {"record": record, "hash": bytes(seal.hash).hex()}
            yield canonical.spelled(line).decode() + "\n"
