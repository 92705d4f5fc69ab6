"""A ticket's clocks: all of them with who held the ticket how long, and the proof of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from common import clock, csv_export, durations
from escalations import by_hand, custody, deadlines, proof, proof_words, ticket_clocks, timeline
from escalations.access import follows, reads_internal
from escalations.custody import Stretch
from escalations.models import AMONG_US, Clock, ClockEntry, ClockState, Does, Ticket
from escalations.proof import Interval, Proof, Segment
from escalations.proof_words import Names
from escalations.snapshot import SUBJECT
from escalations.views.parts import person, visible_ticket
from events.models import Event

#: Intervals on one page of a proof; the running total goes on from page to page.
PAGE_SIZE = 300
#: A segment with more intervals than these is folded.
UNFOLDED = 12


@dataclass(frozen=True)
class Line:
    """One counted interval as it is shown: in the reader's zone, and in the calendar's where that differs."""

    span: str
    there: str
    held: str
    seconds: str
    total: str
    is_out: bool


@dataclass(frozen=True)
class Chapter:
    """One segment as it is shown. `lines` are those of this page; `is_continued` began on the one before."""

    number: int
    segment: Segment
    reason: str
    cause: str
    span: str
    lasts: str
    lines: list[Line]
    count: int
    sum: str
    total: str
    target: str
    out_at: str
    days_off: list[str]
    is_continued: bool

    @property
    def is_folded(self) -> bool:
        return len(self.lines) > UNFOLDED

    @property
    def runs(self) -> bool:
        return self.segment.entry.does == Does.RUN

    @property
    def is_marked_apart(self) -> bool:
        """Whether the deadline passed in it without an interval ending there."""
        return bool(self.out_at) and not any(line.is_out for line in self.lines)


@dataclass(frozen=True)
class Kept:
    """One clock as the overview shows it."""

    row: Clock
    label: str
    result: str
    tone: str
    is_by_hand: bool
    used: str
    paused: str
    target: str


@dataclass(frozen=True)
class Held:
    """How long somebody held the ticket. `x` and `width` place it on a bar of a thousand."""

    name: str
    hands: str
    seconds: int
    words: str
    share: str
    x: float
    width: float


@require_safe
def clocks(request: HttpRequest, reference: str) -> HttpResponse:
    """Show all clocks of a ticket, every cycle of each, and who held the ticket how long."""
    ticket, user = visible_ticket(request, reference), person(request)
    rows = _seen(ticket, user)
    context: dict[str, Any] = {
        "ticket": ticket,
        "may_reapply": ticket.is_open and by_hand.may_set(user, ticket),
        "owed": [_kept(row) for row in rows if not _is_among_us(row)],
        "among_us": [_kept(row) for row in rows if _is_among_us(row)],
    }
    if follows(user, ticket):
        held = _held(ticket)
        names = Names(ticket, (stretch.holder for stretch in held), partners=reads_internal(user, ticket))
        context |= {
            "by_team": _shares(custody.totals(held), names.team),
            "by_person": _shares(custody.totals(held, people=True), names.whole),
            "life": durations.to_the_second(sum(stretch.seconds for stretch in held)),
            "stretches": [
                (durations.stretch(one.start, one.end), names.whole(one.holder), _exactly(one.seconds))
                for one in held
            ],
        }
    return render(request, "escalations/clocks.html", context)


@require_safe
def custody_csv(request: HttpRequest, reference: str) -> HttpResponse:
    """Give who held the ticket when as a table."""
    ticket, user = visible_ticket(request, reference), person(request)
    if not follows(user, ticket):
        raise Http404
    held = _held(ticket)
    names = Names(ticket, (stretch.holder for stretch in held), partners=reads_internal(user, ticket))
    rows = [
        (
            one.start.isoformat(),
            one.end.isoformat(),
            one.holder.hands.value,
            names.team(one.holder),
            names.owner(one.holder),
            one.seconds,
        )
        for one in held
    ]
    columns = (_("From"), _("To"), _("Held by"), _("Team"), _("Owner"), _("Seconds"))
    response = HttpResponse(csv_export.write(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{ticket.reference}-custody.csv"'
    return response


@require_safe
def clock_proof(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show why a clock stands where it stands, interval by interval."""
    ticket, user = visible_ticket(request, reference), person(request)
    row = seen_clock(ticket, user, number)
    entries = ClockEntry.objects.filter(clock=row).select_related("event__actor").order_by("number")
    causes = [entry.event for entry in entries]
    (ledger,) = ticket_clocks.ledgers_of([row])
    held = _held(ticket)
    shown = proof.prove(ledger, causes, until=clock.now(), held=held)
    names = Names(ticket, (stretch.holder for stretch in held), partners=reads_internal(user, ticket))
    page, pages = _page(request, shown)
    zone = shown.calendars[-1].zone if shown.calendars and proof_words.differs(shown.calendars[-1].zone) else ""
    context = {
        "ticket": ticket,
        "row": row,
        "label": deadlines.label_of(row),
        "proof": shown,
        "tone": _tone(shown),
        "conclusion": proof_words.conclusion(shown),
        "target": proof_words.aim(shown.aim),
        "by_hand": deadlines.set_by_hand(row),
        "used": durations.to_the_second(shown.used),
        "stood_still": durations.to_the_second(shown.stood_still),
        "shares": [(names.whole(holder), _exactly(seconds)) for holder, seconds in shown.used_by.items()],
        "chapters": _chapters(shown, names, timeline.lines(causes), zone, page),
        "ahead": [_line(one, names, zone, out=one is shown.ahead[-1]) for one in shown.ahead[:PAGE_SIZE]],
        "zone": zone,
        "unknown_holidays": proof_words.beyond_holidays(shown),
        "page": page,
        "pages": pages,
        "may_set": row.stopped_at is None and row.metric != "update" and by_hand.may_set(user, ticket),
    }
    return render(request, "escalations/clock_proof.html", context)


def seen_clock(ticket: Ticket, user: User, number: int) -> Clock:
    """Return a clock of the ticket that `user` may see, or answer 404."""
    row = next((row for row in _seen(ticket, user) if row.pk == number), None)
    if row is None:
        raise Http404
    return row


def _seen(ticket: Ticket, user: User) -> list[Clock]:
    rows = ticket.clocks.select_related("team", "policy__policy", "calendar__calendar", "ticket")
    seen = deadlines.seen_by(user, ticket, rows.order_by("started_at", "pk"))
    if not seen and not follows(user, ticket):
        raise Http404
    return seen


def _held(ticket: Ticket) -> list[Stretch]:
    events = Event.objects.filter(subject_type=SUBJECT, subject_id=ticket.pk).order_by("at", "id")
    return custody.stretches(events, since=ticket.created_at, until=clock.now())


def _is_among_us(row: Clock) -> bool:
    return row.metric in AMONG_US


def _exactly(seconds: int) -> str:
    return durations.to_the_second(seconds)


def _kept(row: Clock) -> Kept:
    results = {
        ClockState.RUNNING: (_("Running"), ""),
        ClockState.PAUSED: (_("Stands still"), ""),
        ClockState.STOPPED: (_("Met"), "good"),
        ClockState.CANCELLED: (_("Without a result"), ""),
    }
    result, tone = results[ClockState(row.state)]
    late = row.breached_at is not None or (row.due_at is not None and row.due_at < clock.now())
    deadline = next(iter(deadlines.of_clocks([row])), None)
    paused = row.paused_seconds
    if row.state == ClockState.PAUSED:
        paused += max(0, int((clock.now() - row.counted_to).total_seconds()))
    return Kept(
        row=row,
        label=deadlines.label_of(row),
        result=_("Missed") if late else result,
        tone="bad" if late else tone,
        is_by_hand=deadlines.is_by_hand(row),
        used=_exactly(deadline.used if deadline else row.used_seconds),
        paused=_exactly(paused) if paused else "",
        target=durations.in_words(row.target_seconds, days=False) if row.target_seconds is not None else "",
    )


def _shares(totals: dict[custody.Holder, int], name: Any) -> list[Held]:
    life = sum(totals.values()) or 1
    shares, x = [], 0.0
    for holder, seconds in totals.items():
        width = 1000 * seconds / life
        shares.append(
            Held(
                name=name(holder),
                hands=holder.hands.value,
                seconds=seconds,
                words=_exactly(seconds),
                share=f"{100 * seconds / life:.0f} %",
                x=round(x, 2),
                width=round(width, 2),
            )
        )
        x += width
    return shares


def _tone(shown: Proof) -> str:
    if shown.breached_at is not None:
        return "error"
    return "success" if shown.segments[-1].entry.does == Does.STOP else "info"


def _page(request: HttpRequest, shown: Proof) -> tuple[int, int]:
    """Return which page of the intervals is asked for, and how many there are."""
    count = sum(len(segment.intervals) for segment in shown.segments)
    pages = max(1, -(-count // PAGE_SIZE))
    raw = request.GET.get("page", "1")
    if not (raw.isascii() and raw.isdecimal() and 1 <= int(raw[:9]) <= pages):
        raise Http404
    return int(raw), pages


def _chapters(shown: Proof, names: Names, lines: dict[int, str], zone: str, page: int) -> list[Chapter]:
    """Return the segments that this page of intervals goes through."""
    first, last = (page - 1) * PAGE_SIZE, page * PAGE_SIZE
    found: list[Chapter] = []
    seen = 0
    former = None
    for number, segment in enumerate(shown.segments, 1):
        begins, seen = seen, seen + len(segment.intervals)
        new_target = former is None or segment.aim != former.aim
        former = segment
        if begins >= last or seen < first or (seen == first and first > 0 and segment.intervals):
            continue
        of_page = segment.intervals[max(0, first - begins) : max(0, last - begins)]
        found.append(_chapter(number, segment, of_page, names, lines, zone, new_target=new_target))
    return found


def _chapter(
    number: int,
    segment: Segment,
    of_page: Sequence[Interval],
    names: Names,
    lines: dict[int, str],
    zone: str,
    *,
    new_target: bool,
) -> Chapter:
    cause = segment.cause
    return Chapter(
        number=number,
        segment=segment,
        reason=proof_words.reason(segment.entry.reason, lines.get(cause.pk, "")),
        cause=": ".join(filter(None, (names.cause(cause), lines.get(cause.pk)))),
        span=(
            durations.stretch(segment.start, segment.end)
            if segment.end is not None
            else durations.on_the_second(segment.start)
        ),
        lasts=_exactly(segment.lasts),
        lines=[_line(one, names, zone, out=one.end == segment.out_at) for one in of_page],
        count=len(segment.intervals),
        sum=_exactly(segment.seconds),
        total=_exactly(segment.total),
        target=proof_words.aim(segment.aim) if new_target else "",
        out_at=proof_words.moment(segment.out_at) if segment.out_at is not None else "",
        days_off=[_day_off(segment, day) for day in segment.days_off],
        is_continued=bool(of_page) and of_page[0] is not segment.intervals[0],
    )


def _line(interval: Interval, names: Names, zone: str, *, out: bool) -> Line:
    return Line(
        span=durations.stretch(interval.start, interval.end),
        there=durations.stretch(interval.start, interval.end, ZoneInfo(zone)) if zone else "",
        held=names.whole(interval.holder),
        seconds=_exactly(interval.seconds),
        total=_exactly(interval.total),
        is_out=out,
    )


def _day_off(segment: Segment, day: date) -> str:
    name = proof_words.holiday(segment.aim.calendar, day) if segment.aim.calendar is not None else ""
    said = date_format(day, _("D j M Y"))
    return f"{said} ({name})" if name else said
