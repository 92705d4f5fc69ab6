"""Importing tickets from any table, by a column map."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from escalations import policies
from escalations.models import Category, Channel, Level, Policy, Priority, State, Ticket
from escalations.models.ticket import ENDED
from escalations.policies import Rulebook
from integrations import importing, sources
from integrations.column_maps import DATES, FIELDS, BadMap, BadValue, ColumnMap
from integrations.directory import Directory, NewCustomer
from integrations.importing import Account, Progress
from integrations.replay import Replay
from integrations.sources import BadRow

IMPORTER = "Imported history"

#: The most characters of a field; a subject is shortened, anything else longer makes a bad row.
_LONGEST = {
    "reference": 80, "subject": 200, "description": 20_000, "category": 120, "team": 80, "customer": 39,
    "customer_name": 160, "country": 2, "owner": 120, "created_by": 120, "resolution": 120, "product": 80,
    "error_code": 80, "transaction_ref": 120,
}  # fmt: skip


@dataclass(frozen=True)
class Record:
    """One row by the map: every field's text, cleaned, and its instants."""

    line: int
    texts: dict[str, str]
    moments: dict[str, datetime]
    facts: dict[str, str]

    @property
    def reference(self) -> str:
        return self.texts["reference"]

    @property
    def state(self) -> State:
        """The state the row says, else the one that its dates imply."""
        if self.texts["state"]:
            return State(self.texts["state"])
        if "closed_at" in self.moments:
            return State.CLOSED
        return State.RESOLVED if "resolved_at" in self.moments else State.NEW


def survey(path: Path, columns: ColumnMap) -> int:
    """Return the number of rows, good and bad. Raises Unreadable before anything is stored."""
    return sum(1 for _row in _rows(path, columns))


def import_table(path: Path, columns: ColumnMap, account: Account, progress: Progress) -> None:
    """Import every row that is not here yet. Raises Unreadable, BadMap or directory.Clash."""
    rules = _rules(columns)
    directory = Directory()
    by_key = _existing_categories(columns)
    known = importing.known_references(columns.origin)
    for batch in importing.batches(_new_records(path, columns, by_key, known, account, progress)):
        _prepare(directory, columns, batch)
        account.keep([_replayed(record, columns, directory, by_key, rules) for record in batch])


def _rows(path: Path, columns: ColumnMap) -> Iterator[sources.Row | BadRow]:
    return sources.rows(path, needs=columns.columns, encoding=columns.encoding, delimiter=columns.delimiter)


def _new_records(
    path: Path,
    columns: ColumnMap,
    by_key: dict[str, Category],
    known: set[str],
    account: Account,
    progress: Progress,
) -> Iterator[Record]:
    seen: dict[str, int] = {}
    for row in _rows(path, columns):
        progress(1)
        account.rows += 1
        record = row if isinstance(row, BadRow) else parse(row, columns, by_key)
        if isinstance(record, Record) and record.reference in seen:
            first = seen[record.reference]
            record = BadRow(
                row.line,
                _("the reference “%(text)s” is that of line %(line)d already")
                % {"text": record.reference[:60], "line": first},
            )
        if isinstance(record, BadRow):
            account.bad(record)
            continue
        seen[record.reference] = record.line
        if record.reference in known:
            account.known += 1
        else:
            yield record


def parse(row: sources.Row, columns: ColumnMap, by_key: dict[str, Category]) -> Record | BadRow:
    """Return the row by the map, or say what is wrong with it."""
    try:
        texts = {name: _field(name, row.values, columns) for name in FIELDS if name not in DATES}
        moments = {name: at for name in DATES if (at := columns.moment(name, row.values)) is not None}
        facts = {
            name: redaction.clean(text)
            for name, column in columns.facts.items()
            if (text := row.values[column].strip()) not in columns.missing
        }
        record = Record(row.line, texts, moments, facts)
        _check(record, columns, by_key)
    except BadValue as error:
        return BadRow(row.line, str(error))
    return record


def _field(name: str, row: dict[str, str], columns: ColumnMap) -> str:
    text = redaction.clean(columns.text(name, row))
    longest = _LONGEST.get(name)
    if longest is not None and len(text) > longest:
        if name != "subject":
            raise BadValue(_("%(field)s is longer than %(most)d characters") % {"field": name, "most": longest})
        text = f"{text[: longest - 1]}…"
    return " ".join(text.split()) if name == "subject" else text


def _check(record: Record, columns: ColumnMap, by_key: dict[str, Category]) -> None:
    for name in ("reference", "subject", "category", "team", "customer"):
        if not record.texts[name]:
            raise BadValue(_("%s is missing") % name)
    if "created_at" not in record.moments:
        raise BadValue(_("%s is missing") % "created_at")
    if columns.fields["category"].existing and record.texts["category"] not in by_key:
        raise BadValue(_("there is no category with the key “%s”") % record.texts["category"][:60])
    if record.state == State.RESOLVED and "resolved_at" not in record.moments:
        raise BadValue(_("resolved, but resolved_at is missing"))
    life = [record.moments[name] for name in ("created_at", "resolved_at", "closed_at") if name in record.moments]
    if life != sorted(life):
        raise BadValue(_("created_at, resolved_at and closed_at are not in this order"))


def _prepare(directory: Directory, columns: ColumnMap, records: Sequence[Record]) -> None:
    """Have everything that these records name."""
    directory.teams.ensure({record.texts["team"] for record in records})
    directory.ensure_people(
        {IMPORTER}
        | {name for record in records for name in (record.texts["owner"], record.texts["created_by"]) if name}
    )
    if not columns.fields["category"].existing:
        directory.ensure_categories({record.texts["category"] for record in records})
    directory.ensure_resolutions({code for record in records if (code := record.texts["resolution"])})
    # Backwards, so that a customer gets the name of the first row about them.
    directory.ensure_customers({_customer_id(record, columns): _customer(record) for record in reversed(records)})


def _replayed(
    record: Record,
    columns: ColumnMap,
    directory: Directory,
    by_key: dict[str, Category],
    rules: Rulebook,
) -> Replay:
    texts, creator = record.texts, directory.person(record.texts["created_by"] or IMPORTER)
    owner = directory.person(texts["owner"]) if texts["owner"] else None
    ticket = Ticket(
        subject=texts["subject"],
        description=texts["description"],
        category=by_key.get(texts["category"]) or directory.category(texts["category"]),
        customer=directory.customer(_customer_id(record, columns)),
        channel=texts["channel"] or Channel.OTHER,
        l1_reference=record.reference,
        transaction_ref=texts["transaction_ref"],
        product=texts["product"],
        error_code=texts["error_code"],
        impact=int(texts["impact"] or Level.MEDIUM),
        urgency=int(texts["urgency"] or Level.MEDIUM),
        priority=int(texts["priority"] or Priority.P3),
        state=State.NEW,
        team=directory.teams[texts["team"]],
        owner=owner,
        created_by=creator,
        origin=columns.origin,
        external_reference=record.reference,
        imported_facts=record.facts,
    )
    replay = Replay(ticket, rules)
    replay.create(record.moments["created_at"], by=creator)
    _live(replay, record, by=owner or creator, directory=directory)
    return replay


def _live(replay: Replay, record: Record, *, by: User, directory: Directory) -> None:
    """Lead the ticket to the state of its row. What has no date in the row happens at its creation."""
    state, moments = record.state, record.moments
    created_at = moments["created_at"]
    if state not in ENDED and state != State.NEW:
        accepted: dict[str, Any] = {"accepted_at": created_at}
        replay.change(
            created_at, "accepted", by=by, state=State.ACCEPTED, reason="accepted", columns=accepted, corrected={}
        )
        if state != State.ACCEPTED:
            kind = "started" if state == State.IN_PROGRESS else "waiting"
            replay.change(created_at, kind, by=by, state=state)
    if "resolved_at" in moments and state in ENDED:
        at, text = moments["resolved_at"], record.texts["resolution"]
        code = directory.resolution(text) if text else None
        columns = {"resolved_at": at, "accepted_at": at, "first_response_at": at, "resolution": code}
        replay.change(at, "resolved", by=by, state=State.RESOLVED, columns=columns, resolution=code)
    if state == State.CLOSED:
        _close(replay, moments.get("closed_at") or moments.get("resolved_at") or created_at, by=by)
    if state not in ENDED:
        replay.pass_deadlines(clock.now())


def _close(replay: Replay, at: datetime, *, by: User) -> None:
    """Close at `at`. A ticket whose resolution has no date is closed only: no duration is claimed."""
    columns = {"closed_at": at, "resolved_at": replay.ticket.resolved_at or at}
    replay.change(at, "closed", by=by, state=State.CLOSED, columns=columns)


def _customer_id(record: Record, columns: ColumnMap) -> str:
    return f"{columns.origin}:{record.texts['customer']}"


def _customer(record: Record) -> NewCustomer:
    texts = record.texts
    return NewCustomer(
        name=texts["customer_name"] or texts["customer"],
        segment=texts["segment"] or "consumer",
        country=texts["country"],
    )


def _existing_categories(columns: ColumnMap) -> dict[str, Category]:
    if not columns.fields["category"].existing:
        return {}
    return {category.key: category for category in Category.objects.all()}


def _rules(columns: ColumnMap) -> Rulebook:
    """Return the rules that decide the clocks: none, the live desk's, or the policy that the map names."""
    if columns.sla == "none":
        return Rulebook([], {})
    if columns.sla == "desk":
        return policies.rulebook()
    named = Policy.objects.filter(name=columns.sla, current__isnull=False).first()
    if named is None:
        raise BadMap("sla", _("there is no policy “%s”") % columns.sla)
    return policies.rulebook_of(named)
