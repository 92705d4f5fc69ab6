"""Two people at the same moment: exactly one wins, the other is told, and nobody waits for ever."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import close_old_connections, connection
from django.test import Client

from common.errors import DomainError
from escalations import (
    alerts,
    assignment,
    calendar_drafts,
    conversation,
    csat,
    lifecycle,
    merging,
    policy_drafts,
    policy_order,
    triage,
    waits,
)
from escalations.csat import LinkRefused, Opinion
from escalations.models import Alert, AlertKind, Calendar, MessageKind, Policy, Rating, ReasonKind, State, Ticket
from events.models import Event
from tests.escalations.desk import GOOD, Desk

pytestmark = pytest.mark.django_db(transaction=True)

LONGEST = 30  # seconds; a deadlock would be broken by PostgreSQL with an error


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all of it at the same time, each in a thread and a connection of its own; return results and refusals."""
    results: list[Any] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(place: int, act: Callable[[], Any]) -> None:
        close_old_connections()
        try:
            gate.wait(LONGEST)
            results[place] = act()
        except Exception as error:  # noqa: BLE001  a test of which errors there are
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return results


def one_wins(results: list[Any]) -> None:
    refused = [result for result in results if isinstance(result, Exception)]
    assert len(refused) == len(results) - 1, results
    assert all(isinstance(error, DomainError | LinkRefused) and str(error) for error in refused), refused


def events(kind: str) -> int:
    return Event.objects.filter(kind=f"ticket.{kind}").count()


def test_two_accept(desk: Desk):
    ticket = desk.escalated()
    one_wins(
        at_once(*(lambda by=by: triage.accept(ticket, by=by, review=GOOD) for by in (desk.l2, desk.other_l2)))
    )
    assert events("accepted") == 1


def test_accept_crosses_return(desk: Desk):
    ticket = desk.escalated()
    reason, version = desk.reason(ReasonKind.RETURN), ticket.version
    results = at_once(
        lambda: triage.accept(ticket, by=desk.l2, review=GOOD, version=version),
        lambda: triage.return_to_l1(
            ticket, by=desk.other_l2, review=GOOD, reason=reason, missing="When?", version=version
        ),
    )
    one_wins(results)
    assert events("accepted") + events("returned") == 1


def test_two_resolve(desk: Desk):
    ticket, said = desk.started(), desk.resolution()
    one_wins(at_once(*(lambda by=by: lifecycle.resolve(ticket, by=by, **said) for by in (desk.l2, desk.lead))))
    assert events("resolved") == 1


def test_resume_crosses_resolve(desk: Desk):
    ticket = lifecycle.wait_for_l1(desk.started(), by=desk.l2, message="Which bank?")
    said, version = desk.resolution(), ticket.version
    results = at_once(
        lambda: lifecycle.resume(ticket, by=desk.l1, version=version),
        lambda: lifecycle.resolve(ticket, by=desk.l2, version=version, **said),
    )
    one_wins(results)
    ticket.refresh_from_db()
    assert ticket.version == version + 1


def test_two_merges_cross(desk: Desk):
    first, second = desk.accepted(), desk.accepted()
    one_wins(
        at_once(
            lambda: merging.merge(first, by=desk.l2, target=second),
            lambda: merging.merge(second, by=desk.other_l2, target=first),
        )
    )
    assert Ticket.objects.filter(state=State.MERGED).count() == 1


def test_two_waits_cross(desk: Desk):
    one, other = desk.started(), desk.started()
    one_wins(
        at_once(lambda: waits.depend(one, other, by=desk.l2), lambda: waits.depend(other, one, by=desk.other_l2))
    )


def test_take_crosses_assign(desk: Desk):
    ticket = desk.escalated()
    results = at_once(
        lambda: assignment.take(ticket, by=desk.l2),
        lambda: assignment.assign(ticket, desk.other_l2, by=desk.lead),
    )
    ticket.refresh_from_db()
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, DomainError) for error in refused)
    # The lead's word holds: either the taker was told, or the lead took it from them.
    assert ticket.owner == desk.other_l2
    assert events("assigned") == 2 - len(refused)


def test_rated_twice(desk: Desk):
    link = csat.token(csat.invite(desk.resolved()))
    one_wins(at_once(*(lambda score=score: csat.rate(link, Opinion(score, [], "")) for score in (1, 5, 3))))
    assert Rating.objects.count() == 1


def test_a_form_sent_twice_at_once(desk: Desk):
    ticket = desk.started()

    def send() -> Any:
        client = Client()
        client.force_login(desk.l2)
        sent = {"kind": MessageKind.NOTE, "body_note": "Twice?", "form_token": "a" * 22}
        return client.post(f"/tickets/{ticket.reference}/messages/", sent).status_code

    assert at_once(send, send, send) == [302, 302, 302]
    assert ticket.messages.filter(body="Twice?").count() == 1


def test_ten_messages_at_once_are_ten(desk: Desk):
    ticket = desk.started()
    before = ticket.version

    def write() -> Any:
        return conversation.write(ticket, by=desk.l2, kind=MessageKind.NOTE, body="Me too.")

    assert not [one for one in at_once(*[write] * 10) if isinstance(one, Exception)]
    ticket.refresh_from_db()
    assert (ticket.messages.count(), ticket.version) == (10, before + 10)


def test_two_publish(desk: Desk):
    policy, calendar = Policy.objects.get(name="Standard"), Calendar.objects.get(name="24×7")
    policy_drafts.save_draft(policy, by=desk.lead, own_calendars=True)
    calendar_drafts.save_draft(calendar, by=desk.lead, own_holidays=["2031-01-31"])
    for publish in (
        lambda: policy_drafts.publish(policy, by=desk.lead),
        lambda: calendar_drafts.publish(calendar, by=desk.lead),
    ):
        one_wins(at_once(publish, publish))
    assert (policy.versions.count(), calendar.versions.count()) == (2, 2)


def test_two_save_a_first_draft(desk: Desk):
    policy = Policy.objects.get(name="Standard")
    read = policy_drafts.token(policy_drafts.draft_of(policy))
    one_wins(
        at_once(
            *(
                lambda channel=channel: policy_drafts.save_draft(
                    policy, by=desk.lead, version=read, channels=[channel]
                )
                for channel in ("email", "chat")
            )
        )
    )
    assert policy.versions.filter(published_at=None).count() == 1


def test_policies_are_moved_crosswise(desk: Desk):
    first, second = Policy.objects.filter(kind="service")[:2]
    results = at_once(
        lambda: policy_order.move(second, "up", by=desk.lead),
        lambda: policy_order.move(first, "down", by=desk.lead),
        lambda: policy_order.move(second, "down", by=desk.lead),
    )
    assert not [result for result in results if isinstance(result, Exception)]
    positions = list(Policy.objects.filter(kind="service").values_list("position", flat=True))
    assert len(set(positions)) == len(positions)


def test_two_that_tell_a_person_of_one_thing_tell_it_once(desk: Desk):
    ticket = desk.started()
    event = Event.objects.filter(kind="ticket.started").latest("pk")
    at_once(*(lambda: alerts.tell(ticket, [desk.l1], AlertKind.MESSAGE, event=event) for _ in range(4)))
    assert Alert.objects.filter(event=event).count() == 1
