"""A diagnosis told from symptoms to fix, with who and when: for a page, for paper, and as Markdown."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common.markdown import escaped
from escalations.board import Board, Row, Said
from escalations.evidence_words import origin
from escalations.models import Evidence, Ticket


@dataclass(frozen=True)
class Step:
    """Something that happened on the way, and when."""

    at: datetime
    text: str
    by: object


def steps(ticket: Ticket, board: Board) -> list[Step]:
    """Return what led from the escalation to the root cause and the resolution, in order of time."""
    found = [Step(ticket.created_at, _("escalated"), ticket.created_by)]
    for row in board.rows:
        if row.suspected:
            found.append(Step(row.suspected.at, _("suspected %s") % row.number, row.suspected.by))
        if row.judged:
            sentence = _("confirmed %s") if row.is_confirmed else _("ruled out %s")
            found.append(Step(row.judged.at, sentence % row.number, row.judged.by))
    for name, text in (
        ("root_cause", _("set the root cause")),
        ("workaround", _("wrote the workaround")),
        ("fix", _("wrote the fix")),
    ):
        if (said := board.said.get(name)) and getattr(board.diagnosis, name):
            found.append(Step(said.at, text, said.by))
    if ticket.resolved_at and not ticket.is_open:
        found.append(Step(ticket.resolved_at, _("resolved"), ticket.owner or ""))
    return sorted(found, key=lambda step: step.at)


def markdown(ticket: Ticket, board: Board) -> str:
    """Return the report as CommonMark; what people wrote stands in it as they wrote it, never as markup."""
    diagnosis = board.diagnosis
    parts = [
        f"# {_('Diagnosis')} {ticket.reference}: {escaped(ticket.subject)}",
        _("Version %(version)d, as of %(when)s") % {"version": board.version, "when": _when(diagnosis.updated_at)}
        if diagnosis
        else _("Nothing is written yet."),
        f"## {_('Symptoms')}",
        _told(diagnosis.symptoms if diagnosis else "", board.said.get("symptoms")) or escaped(ticket.description),
        f"## {_('Hypotheses')}",
    ]
    for row in board.rows:
        parts += _hypothesis(row)
    if board.shelf:
        parts += [f"### {_('Not held against any hypothesis yet')}", *(_evidence(one) for one in board.shelf)]
    if not board.rows and not board.shelf:
        parts.append(_("None."))
    if diagnosis:
        cause = diagnosis.root_cause.path if diagnosis.root_cause else ""
        for title, text, name in (
            (_("Root cause"), cause, "root_cause"),
            (_("Workaround"), diagnosis.workaround, "workaround"),
            (_("Fix"), diagnosis.fix, "fix"),
        ):
            parts += [f"## {title}", _told(text, board.said.get(name)) or _("Not known yet.")]
    parts.append(f"## {_('What happened when')}")
    parts.append(
        "\n".join(f"- {_when(step.at)}: {escaped(str(step.by))}, {step.text}" for step in steps(ticket, board))
    )
    return "\n\n".join(parts) + "\n"


def _hypothesis(row: Row) -> list[str]:
    parts = [f"### {row.number}: {escaped(row.hypothesis.text)}"]
    said = f" ({_by(row.judged)})" if row.judged else ""
    parts.append(
        f"**{row.status_label}**{said}" + (f": {escaped(row.hypothesis.reason)}" if row.hypothesis.reason else "")
    )
    if row.suspected:
        parts.append(_("Suspected: %s") % _by(row.suspected))
    if row.hypothesis.evidence:
        parts.append(escaped(row.hypothesis.evidence))
    for title, side in ((_("For it"), row.supporting), (_("Against it"), row.opposing)):
        if side:
            parts += [f"#### {title}", *(_evidence(one) for one in side)]
    return parts


def _evidence(one: Evidence) -> str:
    told = ", ".join([*origin(one), _by(Said(one.kept_by, one.kept_at))])
    lines = [f"**{one.get_kind_display()}: {escaped(one.title)}**", f"{escaped(told)}"]
    if one.body:
        lines.append(_fenced(one.body))
    return "\n\n".join(lines)


def _told(text: str, said: Said | None) -> str:
    return f"{escaped(text)}\n\n({_by(said)})" if text and said else escaped(text)


def _by(said: Said) -> str:
    return f"{escaped(str(said.by))}, {_when(said.at)}"


def _when(at: datetime) -> str:
    return date_format(timezone.localtime(at), _("j M Y, H:i"))


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
