"""State, assignee and comments of a report and its issue, by webhook and by asking, for each kind of tracker."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from bench.tracker.program import Tracker as GithubFake
from bugs import commenting, hearing, sending, setup
from bugs.models import BugReport, Comment, State, Tracker, TrackerDelivery, TrackerKind
from bugs.trackers import hooks
from common import clock
from common.outgoing import entry_of
from escalations.models import Message, MessageKind
from events.models import Event
from tests import seed
from tests.bugs import gitlab_fake, jira_fake
from tests.bugs.gitlab_fake import GitlabFake
from tests.bugs.jira_fake import JiraFake
from tests.bugs.served import Faulty, serving
from tests.bugs.test_reports import written
from tests.clients import client_of
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db
PROJECTS = {"github": "acme/payments", "gitlab": gitlab_fake.PROJECT, "jira": jira_fake.KEY}


class Hub:
    """What the three fakes call differently."""

    def __init__(self, kind: str, fake: Any) -> None:
        self.kind, self.fake, self.front = kind, fake, Faulty(fake)

    def fix(self) -> dict[str, Any]:
        issue: dict[str, Any] = self.fake.issues[0]
        if self.kind == "github":
            self.fake.close("1", "completed")
        elif self.kind == "gitlab":
            self.fake._update(issue, {"state_event": "close", "assignee_ids": [7]})
        else:
            self.fake.move(issue, "done", "Done", "Done")
            issue["fields"]["assignee"] = {"displayName": "Sam"}
        return issue

    def say(self, text: str) -> Any:
        issue = self.fake.issues[0]
        return self.fake.say(1 if self.kind == "gitlab" else issue, "sam", text)

    def edit(self, said: dict[str, Any], text: str) -> None:
        said["body"] = text
        said["updated" if self.kind == "jira" else "updated_at"] = self.fake.now()

    def said(self) -> list[str]:
        if self.kind == "github":
            return [one["body"] for one in self.fake.issues[0].get("said", [])]
        return [one["body"] for said in self.fake.comments.values() for one in said]


@pytest.fixture(scope="module")
def hubs() -> Iterator[dict[str, Hub]]:
    fakes = {"github": GithubFake("", "t0ken", "hush"), "gitlab": GitlabFake(), "jira": JiraFake()}
    with ExitStack() as stack:
        found = {kind: Hub(kind, fake) for kind, fake in fakes.items()}
        for hub in found.values():
            hub.fake.url = stack.enter_context(serving(hub.front))
        yield found


@dataclass
class Linked:
    desk: Desk
    hub: Hub
    tracker: Tracker
    bug: BugReport

    def hook(self, webhook: tuple[bytes, dict[str, str]], **changes: str) -> int:
        body, headers = webhook
        address = reverse("tracker_hook", args=[self.tracker.pk])
        answer = Client().post(address, body, content_type="application/json", headers={**headers, **changes})
        return answer.status_code

    def comment(self, text: str, **fields: str) -> int:
        address = reverse("comment_bug", args=[self.bug.pk])
        return client_of(self.desk.l2).post(address, {"body": text, **fields}).status_code

    def fresh(self) -> BugReport:
        self.bug.refresh_from_db()
        return self.bug


@pytest.fixture(params=["github", "gitlab", "jira"])
def linked(request: Any, hubs: dict[str, Hub], settings: Any) -> Linked:
    seed.catalogue()
    desk, hub = Desk(), hubs[request.param]
    hub.fake.issues.clear()
    getattr(hub.fake, "comments", {}).clear()
    hub.front.faults.clear()
    settings.OUTGOING_HOSTS, settings.TRACKER_URL = [entry_of(hub.fake.url)], ""
    admin = desk.person("Ada Admin")
    admin.is_superuser = True
    admin.save()
    wanted = setup.Wanted(
        "Payments", TrackerKind(hub.kind), hub.fake.url, PROJECTS[hub.kind], hub.fake.token, hub.fake.secret
    )
    tracker = setup.save(None, wanted, by=admin)
    bug = written(desk, desk.started())
    sending.ask(bug, tracker, by=desk.l2)
    sending.carry_out(bug.pk)
    bug.refresh_from_db()
    assert bug.state == State.OPEN, bug.trouble
    return Linked(desk, hub, tracker, bug)


def test_a_signed_webhook_is_heard_once_and_a_late_one_changes_nothing(linked: Linked) -> None:
    hub = linked.hub
    old = hub.fake.webhook(hub.fake.issues[0])
    webhook = hub.fake.webhook(hub.fix())
    signature = next(name for name in webhook[1] if "Signature" in name or "Token" in name)
    assert linked.hook(webhook, **{signature: "sha256=" + "0" * 64}) == 403
    assert linked.hook((webhook[0], {})) == 403
    assert linked.fresh().state == State.OPEN
    assert [linked.hook(webhook) for _twice in range(2)] == [204, 204]
    assert (linked.fresh().state, linked.bug.remote_assignee.lower()) == (State.FIXED, "sam")
    assert linked.hook(old) == 204
    assert linked.fresh().state == State.FIXED
    assert Event.objects.filter(kind="bug.fixed").count() == 1


def test_a_late_webhook_does_not_take_a_comment_back(linked: Linked) -> None:
    hub = linked.hub
    said = hub.say("Not ours.")
    first = hub.fake.webhook(hub.fake.issues[0], said)
    hub.edit(said, "Ours, after all.")
    assert [linked.hook(hub.fake.webhook(hub.fake.issues[0], said)), linked.hook(first)] == [204, 204]
    TrackerDelivery.objects.all().delete()  # a month later its like is forgotten
    assert linked.hook(first) == 204
    assert Comment.objects.get().body == "Ours, after all."


def test_of_two_states_of_one_second_the_one_that_was_asked_for_counts(
    linked: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, instant = linked.hub, linked.hub.fake.now()
    monkeypatch.setattr(hub.fake, "now", lambda: instant)
    old = hub.fake.webhook(hub.fake.issues[0] | _dated(hub, instant))
    hub.fix()
    hearing.poll()
    assert linked.fresh().state == State.FIXED
    assert linked.hook(old) == 204
    assert linked.fresh().state == State.FIXED
    assert Event.objects.filter(kind="bug.fixed").count() == 1


def _dated(hub: Hub, instant: str) -> dict[str, Any]:
    if hub.kind == "jira":
        return {"fields": hub.fake.issues[0]["fields"] | {"updated": instant}}
    return {"updated_at": instant}


def test_what_is_no_news_of_ours_is_passed_over(linked: Linked) -> None:
    body = json.loads(linked.hub.fake.webhook(linked.hub.fix())[0])
    odd: list[Any] = [
        {},
        [],
        {"zen": "Design for failure."},
        body | {"issue": {"number": 1}, "object_attributes": 3},
    ]
    for other in odd:
        assert hooks.read(linked.tracker, json.dumps(other).encode()) is None
    Tracker.objects.filter(pk=linked.tracker.pk).update(project="OTHER")
    linked.hook(linked.hub.fake.webhook(linked.hub.fix()))
    assert linked.fresh().state == State.OPEN


def test_what_no_webhook_told_is_asked_for(linked: Linked) -> None:
    hub = linked.hub
    hub.fix()
    hub.say("Mended in 4.2, see <b>notes</b>. Card 4242 4242 4242 4242")
    hearing.poll()
    assert linked.fresh().state == State.FIXED
    comment = Comment.objects.get()
    assert comment.author.lower() == "sam"
    assert "4242 4242" not in comment.body
    asked = len(hub.front.asked)
    hearing.poll()
    assert len(hub.front.asked) <= asked + 3
    assert Comment.objects.count() == 1


def test_a_tracker_in_trouble_is_left_alone_longer_and_longer(linked: Linked, monkeypatch: Any) -> None:
    front = linked.hub.front
    front.faults += [(500, "", {}), (429, "", {"Retry-After": "1800"})]
    hearing.poll()
    first = Tracker.objects.get()
    assert first.failures == 1
    assert "500" in first.trouble
    asked = len(front.asked)
    hearing.poll()
    assert len(front.asked) == asked
    Tracker.objects.update(rests_until=clock.now())
    hearing.poll()
    second = Tracker.objects.get()
    assert second.rests_until is not None
    assert second.rests_until > clock.now() + timedelta(minutes=29)
    Tracker.objects.update(rests_until=clock.now())
    hearing.poll()
    assert (Tracker.objects.get().failures, Tracker.objects.get().trouble) == (0, "")


def test_a_comment_of_ours_arrives_once_and_does_not_come_back(linked: Linked) -> None:
    assert linked.comment("") == 422
    assert linked.comment("Does 4242 4242 4242 4242 fail, too?", asked_assignee="sam") == 302
    comment = Comment.objects.get()
    linked.hub.front.faults.append((502, "after", {}))
    commenting.carry_out(comment.pk)
    comment.refresh_from_db()
    assert comment.arrived_at is None
    Comment.objects.update(tried_at=clock.now() - commenting.LEASE * 2)
    commenting.repeat()
    comment.refresh_from_db()
    assert comment.arrived_at is not None, comment.trouble
    said = linked.hub.said()
    assert len(said) == 1
    assert "4242 4242" not in said[0]
    assert linked.fresh().remote_assignee.lower() == "sam"
    hearing.poll()
    assert Comment.objects.count() == 1
    copied = said[0]
    hearing_of = linked.hub.fake.webhook(linked.hub.fake.issues[0], linked.hub.say(f"{copied}"))
    linked.hook(hearing_of)
    assert Comment.objects.count() == 2


def test_a_fix_that_does_not_help_is_opened_again_from_here(linked: Linked) -> None:
    linked.hook(linked.hub.fake.webhook(linked.hub.fix()))
    assert linked.comment("It still fails.", asked_state=State.OPEN) == 302
    commenting.carry_out(Comment.objects.get().pk)
    assert linked.fresh().state == State.OPEN, Comment.objects.get().trouble


def test_what_is_said_in_the_tracker_is_a_note_where_one_works(linked: Linked) -> None:
    linked.hook(linked.hub.fake.webhook(linked.hub.fake.issues[0], linked.hub.say("Which version?\n\n# hello")))
    event = Event.objects.get(kind=commenting.HEARD)
    for _twice in range(2):
        commenting.note(event)
    note = Message.objects.get(ticket=linked.bug.ticket, kind=MessageKind.NOTE)
    assert "> Which version?\n> \n> # hello" in note.body
    BugReport.objects.update(linked_at=clock.now() + timedelta(days=1))
    linked.hook(linked.hub.fake.webhook(linked.hub.fake.issues[0], linked.hub.say("Said before it was linked")))
    assert Comment.objects.count() == 2
    assert Event.objects.filter(kind=commenting.HEARD).count() == 1
    page = client_of(linked.desk.l2).get(linked.bug.get_absolute_url()).content.decode()
    assert "Which version?" in page
    assert client_of(linked.desk.l1).post(reverse("comment_bug", args=[linked.bug.pk]), {}).status_code == 404


def test_half_a_character_in_a_comment_does_not_lose_it(linked: Linked) -> None:
    said = linked.hub.say("It is half: \ud800, and nul: \x00.")
    assert linked.hook(linked.hub.fake.webhook(linked.hub.fake.issues[0], said)) == 204
    assert "It is half: �, and nul: ." in Comment.objects.get().body


@pytest.mark.parametrize("linked", ["jira"], indirect=True)
def test_what_only_some_may_read_stays_in_the_tracker(linked: Linked) -> None:
    fake, issue = linked.hub.fake, linked.hub.fake.issues[0]
    for number, hidden in enumerate(
        ({"visibility": {"type": "role", "value": "Developers"}}, {"jsdPublic": False})
    ):
        said = fake.say(issue, "sam", f"Among us {number}") | hidden
        fake.comments[issue["key"]][-1] = said
        linked.hook(fake.webhook(issue, said))
    anonymous = {name: value for name, value in fake.say(issue, "sam", "For all").items() if name != "author"}
    fake.comments[issue["key"]][-1] = anonymous
    linked.hook(fake.webhook(issue, anonymous))
    hearing.poll()
    assert [(one.author, one.body) for one in Comment.objects.all()] == [("", "For all")]


@pytest.mark.parametrize("linked", ["jira"], indirect=True)
@pytest.mark.parametrize("is_cloud", [False, True])
def test_jira_tells_of_comments_in_two_ways(linked: Linked, is_cloud: bool) -> None:
    fake, issue = linked.hub.fake, linked.hub.fake.issues[0]
    fake.is_cloud = is_cloud
    body, _headers = fake.webhook(issue, fake.say(issue, "sam", "Mended in 4.2"))
    fake.is_cloud = False
    told = hooks.read(linked.tracker, body)
    assert told is not None
    assert [one.body for one in told.comments] == ["Mended in 4.2"]
    without_issue = {name: value for name, value in json.loads(body).items() if name != "issue"}
    assert hooks.read(linked.tracker, json.dumps(without_issue).encode()) is None
    gone = json.loads(body) | {"webhookEvent": "comment_deleted"}
    gone = gone if is_cloud else json.loads(body) | {"issue_event_type_name": "issue_comment_deleted"}
    told = hooks.read(linked.tracker, json.dumps(gone).encode())
    assert told is None or told.comments == []
