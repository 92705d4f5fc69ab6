"""What a proposal can rest on: what the escalations that somebody sees have in common, as Markdown with links.

Confirmed hypotheses, root causes, and known issues; a draft of the evidence, to be edited.
"""

from collections import defaultdict
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.markdown import escaped
from escalations.diagnosis import HypothesisStatus
from escalations.models import Diagnosis, Ticket
from escalations.models.ticket import TicketQuerySet

#: So many of each are listed, and so many escalations are named for each.
MOST, MOST_NAMED = 20, 5


def told(tickets: TicketQuerySet) -> str:
    """Return the grounds of these escalations; "" if they have none. `tickets` are those that the reader sees."""
    plain = tickets.filter(restricted_as="").order_by("-pk")
    return "\n\n".join(
        f"**{title}**\n\n" + "\n".join(lines)
        for title, lines in (
            (_("Confirmed hypotheses"), list(_hypotheses(plain))),
            (_("Root causes"), list(_causes(plain))),
            (_("Known issues"), list(_issues(plain))),
        )
        if lines
    )


def _hypotheses(tickets: TicketQuerySet) -> Iterator[str]:
    confirmed = Diagnosis.objects.filter(
        ticket__in=tickets.order_by().values("pk"), hypotheses__contains=[{"status": HypothesisStatus.CONFIRMED}]
    )
    shown = 0
    for diagnosis in confirmed.select_related("ticket").order_by("-ticket")[:MOST]:
        board = reverse("diagnosis_board", args=[diagnosis.ticket.reference])
        for row in diagnosis.hypotheses:
            if row["status"] == HypothesisStatus.CONFIRMED and shown < MOST:
                shown += 1
                why = f" ({_line(row['reason'])})" if row["reason"] else ""
                yield f"- [{diagnosis.ticket.reference}]({board}#{row['id']}): {_line(row['text'])}{why}"


def _causes(tickets: TicketQuerySet) -> Iterator[str]:
    of_cause: dict[str, list[Ticket]] = defaultdict(list)
    for ticket in tickets.filter(root_cause__isnull=False).select_related("root_cause__parent__parent"):
        if ticket.root_cause is not None:
            of_cause[ticket.root_cause.path].append(ticket)
    for path, found in sorted(of_cause.items(), key=lambda item: -len(item[1]))[:MOST]:
        yield f"- {_line(path)}: {_counted(len(found))} ({_named(found)})"


def _issues(tickets: TicketQuerySet) -> Iterator[str]:
    of_issue: dict[int, list[Ticket]] = defaultdict(list)
    for ticket in tickets.filter(known_issue__isnull=False).select_related("known_issue"):
        of_issue[ticket.known_issue_id or 0].append(ticket)
    for found in sorted(of_issue.values(), key=lambda one: -len(one))[:MOST]:
        if issue := found[0].known_issue:
            link = f"[{_line(issue.title)}]({issue.get_absolute_url()})"
            yield f"- {link}: {_counted(len(found))} ({_named(found)})"


def _counted(number: int) -> str:
    return ngettext("%d escalation", "%d escalations", number) % number


def _named(tickets: list[Ticket]) -> str:
    links = [f"[{one.reference}]({one.get_absolute_url()})" for one in tickets[:MOST_NAMED]]
    return ", ".join(links) + (", …" if len(tickets) > MOST_NAMED else "")


def _line(text: str) -> str:
    return escaped(" ".join(text.split()))
