"""Views of the queue: saved addresses, sorting by any column, answers, counts, and what comes next."""

import re
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Role
from common.errors import NotAllowed, Refused
from escalations import assignment, queue, saved_views
from escalations.models import Audience, SavedView, Ticket
from escalations.saved_views import listing_address
from tests.escalations.desk import Desk
from tests.escalations.test_api import calling_as
from tests.escalations.test_pages import signed_in
from tests.escalations.test_pages_queue import queue as address
from tests.escalations.test_pages_queue import references_in
from tests.factories import UserFactory


def shown(person, **query) -> list[str]:
    answer = signed_in(person).get(address(**query))
    assert answer.status_code == 200, query
    return references_in(answer.content.decode())


def test_a_saved_view_is_an_address_with_a_name_among_the_tabs(desk: Desk) -> None:
    mine, _other = desk.accepted(), desk.escalated()
    page = signed_in(desk.l2)
    here = "scope=mine&columns=reference&columns=team&order=newest"
    answer = page.post(reverse("save_view"), {"name": "My newest", "audience": "own", "query": f"{here}&after=x"})
    assert answer.status_code == 302
    view = SavedView.objects.get()
    assert (view.name, view.query, view.owner) == ("My newest", here, desk.l2)
    html = page.get(answer.headers["Location"]).content.decode()
    assert references_in(html) == [mine.reference]
    assert re.search(r'aria-current="page">\s*My newest', html)
    assert f"{reverse('queue')}?{here.replace('&', '&amp;')}" in signed_in(desk.l2).get(address()).content.decode()


def test_who_shares_with_whom(desk: Desk) -> None:
    admin = UserFactory(is_superuser=True)
    saved_views.save("Ours", "scope=untaken", by=desk.lead, audience=Audience.TEAM, team=desk.payments)
    saved_views.save("All's", "scope=open", by=admin, audience=Audience.EVERYONE)
    saved_views.save("Own", "scope=mine", by=desk.l2)
    names = {person: {view.name for view in saved_views.offered(person)} for person in (desk.l2, desk.outsider)}
    assert names == {desk.l2: {"Ours", "All's", "Own"}, desk.outsider: {"All's"}}
    with pytest.raises(NotAllowed):
        saved_views.save("X", "", by=desk.l2, audience=Audience.TEAM, team=desk.payments)
    with pytest.raises(NotAllowed):
        saved_views.save("X", "", by=desk.lead, audience=Audience.TEAM, team=desk.accounts)
    with pytest.raises(NotAllowed):
        saved_views.save("X", "", by=desk.lead, audience=Audience.EVERYONE)
    with pytest.raises(Refused):
        saved_views.save("X", "", by=desk.lead, audience=Audience.TEAM)
    with pytest.raises(Refused):
        saved_views.save("X", "q=" + "x" * 3000, by=desk.lead)


def test_a_view_never_shows_more_than_one_may_see(desk: Desk) -> None:
    desk.escalated()
    admin = UserFactory(is_superuser=True)
    view = saved_views.save("All's", "scope=all", by=admin, audience=Audience.EVERYONE)
    html = signed_in(desk.outsider).get(f"{reverse('queue')}?{view.query}").content.decode()
    assert references_in(html) == []


def test_a_view_is_changed_deleted_and_brought_back_by_who_may(desk: Desk) -> None:
    view = saved_views.save("Ours", "scope=open", by=desk.lead, audience=Audience.TEAM, team=desk.payments)
    lead, l2, outsider = signed_in(desk.lead), signed_in(desk.l2), signed_in(desk.outsider)
    change, delete, restore = (
        reverse(name, args=[view.pk]) for name in ("change_view", "delete_view", "restore_view")
    )
    fields = {f"view-{view.pk}-name": "Still ours", f"view-{view.pk}-audience": "own"}
    assert outsider.post(change, fields).status_code == 404
    assert l2.post(change, fields).status_code == 403
    assert l2.post(delete).status_code == 403
    assert lead.post(change, fields | {f"view-{view.pk}-name": ""}).status_code == 422
    assert lead.post(change, fields).status_code == 302
    view.refresh_from_db()
    assert (view.name, view.audience, view.team) == ("Still ours", Audience.OWN, None)
    gone = lead.post(delete)
    assert saved_views.offered(desk.lead) == []
    assert restore in lead.get(gone.headers["Location"]).content.decode()
    assert lead.post(restore).status_code == 302
    assert saved_views.offered(desk.lead) == [view]


def test_every_heading_sorts_both_ways_and_says_so(desk: Desk) -> None:
    for subject in ("Beta", "alpha", "Gamma"):
        desk.escalated(subject=subject)
    up, down = shown(desk.l2, order="subject"), shown(desk.l2, order="-subject")
    assert up == down[::-1] and len(set(up)) == 3
    html = signed_in(desk.l2).get(address(order="subject")).content.decode()
    assert 'aria-sort="ascending"' in html and "order=-subject" in html
    for order in queue.ORDERS:
        if order != "needs_l1":
            assert len(shown(desk.l2, order=order)) == 3, order
    assert signed_in(desk.l2).get(address(scope="all", order="subject")).status_code == 400
    assert len(shown(desk.l2, scope="all")) == 3


@pytest.mark.parametrize("order", [one for one in queue.ORDERS if one != "needs_l1"])
def test_pages_of_every_order_hold_each_ticket_once_and_lead_on_and_back(desk: Desk, order: str) -> None:
    tickets = [desk.escalated(subject=subject) for subject in ("Same", "Same", "Other")]
    assignment.take(tickets[0], by=desk.l2)
    visible = Ticket.objects.visible_to(desk.l2).open()
    whole = [one.pk for one in queue.page(visible, order=order).tickets]
    page = queue.page(visible, order=order, size=1)
    seen = [page.tickets[0].pk]
    while page.next:
        page = queue.page(visible, order=order, size=1, after=page.next)
        seen.append(page.tickets[0].pk)
    assert seen == whole and len(set(seen)) == 3
    assert queue.page(visible, order=order, size=1, before=page.previous or "").tickets[0].pk == seen[1]
    middle = Ticket.objects.get(pk=seen[1])
    for backwards, expected in ((False, seen[2]), (True, seen[0])):
        found = queue.neighbour(visible, middle, order=order, backwards=backwards)
        assert found is not None and found.pk == expected


def test_columns_are_chosen_by_the_address_and_the_subject_always_shows(desk: Desk) -> None:
    desk.escalated(subject="A payment")
    html = signed_in(desk.l2).get(address(columns="team,product")).content.decode()
    headings = re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?<span[^>]*>([^<]+)</span>', html)
    assert headings == ["Team", "Product", "Subject"]
    assert "A payment" in html
    assert signed_in(desk.l2).get(address(columns="password")).status_code == 400


def test_filters_take_several_values_and_answers(desk: Desk) -> None:
    failing = desk.escalated()
    Ticket.objects.filter(pk=failing.pk).update(error_code="E-1", answers={"endpoint": "/pay"})
    other = desk.escalated()
    Ticket.objects.filter(pk=other.pk).update(error_code="E-2", answers={"endpoint": "/refund"})
    taken = assignment.take(desk.escalated(), by=desk.other_l2)
    both = [failing.reference, other.reference]
    page = signed_in(desk.l2)

    def found(query: str) -> list[str]:
        return references_in(page.get(f"{reverse('queue')}?{query}").content.decode())

    assert sorted(found("error_code=E-1&error_code=E-2")) == sorted(both)
    assert found("answer.endpoint=/pay") == [failing.reference]
    assert sorted(found("answer.endpoint=/pay&answer.endpoint=/refund")) == sorted(both)
    assert found("answer.endpoint=/none") == []
    assert found(f"owner={desk.other_l2.pk}") == [taken.reference]
    assert len(found(f"owner={desk.other_l2.pk}&owner=nobody")) == 3
    assert found("older=1d") == [] and found("untouched=30d") == []
    html = page.get(f"{reverse('queue')}?answer.endpoint=/pay&owner=nobody").content.decode()
    assert 'href="?owner=nobody"' in html and 'href="?answer.endpoint=%2Fpay"' in html


def test_counts_stand_beside_the_views_and_are_capped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        desk.escalated()
    view = saved_views.save("Mine", "scope=mine", by=desk.l2)
    monkeypatch.setattr(saved_views, "MOST_COUNTED", 2)
    html = signed_in(desk.l2).get(reverse("view_counts")).content.decode()
    assert re.search(r'id="count-scope-untaken"[^>]*>2\+<', html)
    assert re.search(rf'id="count-view-{view.pk}"[^>]*>0<', html)


def test_a_count_that_takes_too_long_is_left_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.escalated()
    slow = Ticket.objects.extra(where=["pg_sleep(0.05) IS NOT NULL"])
    with monkeypatch.context() as impatient:
        impatient.setattr(saved_views, "LONGEST_COUNT", 5)
        assert saved_views.counts([Ticket.objects.all(), slow]) == [None, None]
    monkeypatch.setattr(saved_views, "LONGEST_COUNT", 60_000)
    assert saved_views.counts([Ticket.objects.all()]) == [1]


def test_from_a_ticket_one_goes_on_in_the_view_even_after_it_has_left_it(desk: Desk) -> None:
    first, second, third = (desk.escalated() for _ in range(3))
    page = signed_in(desk.l2)
    listed = "scope=untaken&order=oldest"
    row = page.get(f"{reverse('queue')}?{listed}").content.decode()
    assert f"?in={quote(listed)}" in row
    html = page.get(f"{second.get_absolute_url()}?in={quote(listed)}").content.decode()
    onward = f"{reverse('next_in_view', args=[second.reference])}?in={quote(listed)}"
    assert f'href="{onward}"' in html
    assignment.take(second, by=desk.l2)
    assert third.reference in page.get(onward).headers["Location"]
    back = reverse("previous_in_view", args=[second.reference])
    assert first.reference in page.get(f"{back}?in={quote(listed)}").headers["Location"]
    end = page.get(f"{reverse('next_in_view', args=[third.reference])}?in={quote(listed)}", follow=True)
    assert "That was the last of this view." in end.content.decode()
    assert page.get(f"{reverse('next_in_view', args=[third.reference])}?in=order%3Dprice").status_code == 404
    elsewhere = signed_in(desk.outsider).get(onward)
    assert elsewhere.status_code == 404


def test_a_row_is_kept_for_those_who_see_the_same_and_made_anew_when_anything_changes(desk: Desk) -> None:
    ticket = desk.escalated()
    assert shown(desk.l2) == [ticket.reference]
    triage = reverse("triage", args=[ticket.reference])
    assert triage in signed_in(desk.other_l2).get(address()).content.decode()
    assert triage not in signed_in(desk.auditor).get(address()).content.decode()
    assignment.take(ticket, by=desk.other_l2)
    assert "Otis Second" in signed_in(desk.l2).get(address()).content.decode()
    Ticket.objects.filter(pk=ticket.pk).update(breach_risk=77)
    type(desk.other_l2).objects.filter(pk=desk.other_l2.pk).update(name="Otis Renamed")
    assert "Otis Renamed" in signed_in(desk.l2).get(address()).content.decode()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(max_size=6), st.lists(st.text(max_size=6), max_size=3), max_size=4))
def test_an_address_is_the_same_when_it_is_read_again(lists):
    data = QueryDict(mutable=True)
    for name, values in lists.items():
        data.setlist(name, values)
    once = listing_address(data.lists())
    assert listing_address(QueryDict(once).lists()) == once


def test_partner_and_l1_keep_their_own_views(desk: Desk) -> None:
    assert desk.lead.teams_as(Role.LEAD)
    assert signed_in(desk.partner).get(reverse("saved_views")).status_code == 200
    assert signed_in(desk.l1).post(reverse("save_view"), {"name": "X", "audience": "own"}).status_code == 302


def test_products_and_error_codes_are_typed_and_what_is_left_open_narrows_nothing(desk: Desk) -> None:
    first, second, third = (desk.escalated() for _ in range(3))
    for ticket, code in ((first, "E-1"), (second, "E-2"), (third, "E-3")):
        Ticket.objects.filter(pk=ticket.pk).update(error_code=code)
    html = signed_in(desk.l2).get(address(error_code="E-1; E-2", returned="", reopened="")).content.decode()
    assert sorted(references_in(html)) == sorted([first.reference, second.reference])
    assert 'value="E-1; E-2"' in html
    assert "Was returned" not in "".join(re.findall(r'<ul class="chips.*?</ul>', html, re.DOTALL))
    assert signed_in(desk.l2).get(address(returned="unknown")).status_code == 400


def test_a_view_is_told_to_list_what_is_listed_now(desk: Desk) -> None:
    view = saved_views.save("Ours", "scope=open", by=desk.lead, audience=Audience.TEAM, team=desk.payments)
    lead, here = signed_in(desk.lead), "scope=open&priority=1"
    menu = lead.get(f"{reverse('queue')}?{here}").content.decode()
    assert "listed-view" in menu
    assert "listed-view" not in lead.get(f"{reverse('queue')}?{view.query}").content.decode()  # it does already
    assert "listed-view" not in signed_in(desk.l2).get(f"{reverse('queue')}?{here}").content.decode()
    listed = {"listed-view": view.pk, "listed-query": f"{here}&after=x"}
    assert signed_in(desk.l2).post(reverse("list_instead"), listed).headers["Location"] == reverse("saved_views")
    view.refresh_from_db()
    assert view.query == "scope=open"
    answer = lead.post(reverse("list_instead"), listed)
    assert answer.headers["Location"] == f"{reverse('queue')}?{here}"
    view.refresh_from_db()
    assert (view.query, view.name, view.team) == (here, "Ours", desk.payments)
    refused = lead.post(reverse("list_instead"), {"listed-view": view.pk, "listed-query": "q=" + "x" * 3000})
    assert refused.headers["Location"] == reverse("saved_views")
    view.refresh_from_db()
    assert view.query == here


def test_views_over_the_api(desk: Desk) -> None:
    lead, l2 = calling_as(desk.lead), calling_as(desk.l2)
    stated = {"name": "Ours", "query": "state=new&after=x", "audience": "team", "team": desk.payments.pk}
    made = lead.post("/api/v1/views/", stated, format="json")
    assert (made.status_code, made.data["query"]) == (201, "state=new")
    one = f"/api/v1/views/{made.data['id']}/"
    assert [view["name"] for view in l2.get("/api/v1/views/").data["results"]] == ["Ours"]
    assert calling_as(desk.outsider).get(one).status_code == 404
    assert l2.post("/api/v1/views/", stated, format="json").data["errors"].keys() == {"team"}  # leads share
    assert l2.put(one, stated | {"team": None, "audience": "own"}, format="json").status_code in {403, 422}
    own = {"name": "Mine", "query": "scope=mine", "audience": "own"}
    assert lead.put(one, own, format="json").data["team"] is None
    assert l2.get(one).status_code == 404
    assert lead.delete(one).status_code == 204
    assert lead.get("/api/v1/views/").data["results"] == []
    assert lead.get("/api/v1/tickets/?" + made.data["query"]).status_code == 200
