"""Tags: how they are kept, who changes and who reads them, where they show."""

import pytest
from django.urls import reverse

from common.errors import Absent, NotAllowed, Refused, StaleVersion
from escalations import tagging
from escalations.models import Ticket
from events.models import Event
from tests.escalations.desk import Desk
from tests.escalations.test_pages import signed_in
from tests.escalations.test_pages_queue import references_in


def test_tags_are_kept_alike_once_and_written_down(desk: Desk) -> None:
    ticket = tagging.change(desk.started(), by=desk.l2, add=["  Chargeback  WAVE ", "chargeback wave", "Ｖ２"])
    assert Ticket.objects.get(pk=ticket.pk).tags == ["chargeback wave", "v2"]
    event = Event.objects.get(kind="ticket.tagged")
    assert (event.data["added"], event.data["removed"]) == (["chargeback wave", "v2"], [])
    same = tagging.change(ticket, by=desk.l2, add=["V2"], remove=["never there"])
    assert same.version == ticket.version
    tagging.change(ticket, by=desk.l2, remove=["V2"])
    page = signed_in(desk.l2).get(ticket.get_absolute_url()).content.decode()
    assert "tagged it chargeback wave · v2" in page and "took away the tag v2" in page


def test_a_tag_that_cannot_be_is_refused_and_a_card_number_is_masked(desk: Desk) -> None:
    ticket = desk.started()
    for tags in (["x" * 41], [" "], [f"tag {number}" for number in range(13)]):
        with pytest.raises(Refused):
            tagging.change(ticket, by=desk.l2, add=tags)
    tagging.change(ticket, by=desk.l2, add=["4111 1111 1111 1111"])
    ticket.refresh_from_db()
    assert "411111111111" not in "".join(ticket.tags).replace(" ", "")


def test_only_who_works_on_it_tags_and_a_stale_version_is_refused(desk: Desk) -> None:
    ticket = desk.started()
    for person, error in ((desk.l1, NotAllowed), (desk.auditor, NotAllowed), (desk.outsider, Absent)):
        with pytest.raises(error):
            tagging.change(ticket, by=person, add=["vip"])
    with pytest.raises(StaleVersion):
        tagging.change(ticket, by=desk.l2, add=["vip"], version=ticket.version + 1)


def test_tags_are_changed_on_the_ticket_page_and_narrow_the_queue(desk: Desk) -> None:
    ticket, other = desk.started(), desk.started()
    page = signed_in(desk.l2)
    address = reverse("change_tags", args=[ticket.reference])
    assert page.post(address, {"add": "Wave, vip"}).status_code == 302
    tagging.change(other, by=desk.l2, add=["vip"])
    assert 'value="vip"' in page.get(ticket.get_absolute_url()).content.decode()
    narrowed = page.get(reverse("queue", query={"tag": "wave"}))
    assert references_in(narrowed.content.decode()) == [ticket.reference]
    assert "wave" in narrowed.content.decode()
    both = page.get(reverse("queue") + "?tag=wave&tag=vip")
    assert set(references_in(both.content.decode())) == {ticket.reference, other.reference}
    assert page.post(address, {"remove": "wave"}).status_code == 302
    refused = page.post(address, {"add": "x" * 41})
    assert refused.status_code == 422 and "at most 40 characters" in refused.content.decode()
    ticket.refresh_from_db()
    assert ticket.tags == ["vip"]


def test_tags_are_for_the_second_line_alone(desk: Desk) -> None:
    ticket = tagging.change(desk.started(), by=desk.l2, add=["suspected fraud"])
    first = signed_in(desk.l1)
    assert "suspected fraud" not in first.get(ticket.get_absolute_url()).content.decode()
    guessed = first.get(reverse("my_escalations", query={"tag": "suspected fraud"}))
    assert guessed.context["rows"] == []
    rows = first.get("/api/v1/tickets/").json()["results"]
    assert rows[0]["tags"] is None
    assert signed_in(desk.l2).get(f"/api/v1/tickets/{ticket.reference}/").json()["tags"] == ["suspected fraud"]
    for person, suggested in ((desk.l2, True), (desk.auditor, True), (desk.l1, False), (desk.outsider, False)):
        options = signed_in(person).get(reverse("suggest_tags")).content.decode()
        assert ("suspected fraud" in options) == suggested
