"""What Secondline asks of trackers, through each client library and a server that answers as its API says."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bench.tracker.program import Tracker as GithubFake
from bugs.models import State
from bugs.setup import Way
from bugs.trackers import through
from bugs.trackers.github import GithubClient
from bugs.trackers.gitlab import GitlabClient
from bugs.trackers.issue import Client, TrackerError
from bugs.trackers.jira import JiraClient
from bugs.trackers.wiki import wiki
from common import clock
from common.outgoing import entry_of
from tests.bugs import gitlab_fake, jira_fake
from tests.bugs.gitlab_fake import GitlabFake
from tests.bugs.jira_fake import JiraFake
from tests.bugs.served import Faulty, serving

MARK = f"secondline-bug:{'0f' * 16}"
BODY = f"**Severity:** Major\n\n## Steps\n\nPay.\n\n<!-- {MARK} -->\n"


@dataclass
class Side:
    """One kind of tracker: the client, and the server on the other side."""

    client: Client
    fake: Any
    front: Faulty


KINDS = ["github", "gitlab", "jira", "jira-cloud"]


@pytest.fixture(scope="module")
def fronts() -> Iterator[dict[str, tuple[str, Faulty]]]:
    cloud = JiraFake()
    cloud.is_cloud = True
    fakes: dict[str, Any] = {
        "github": GithubFake("", "t0ken-of-the-tracker", "hush"), "gitlab": GitlabFake(), "jira": JiraFake(),
        "jira-cloud": cloud,
    }  # fmt: skip
    with ExitStack() as stack:
        found = {}
        for kind, fake in fakes.items():
            front = Faulty(fake)
            fake.url = stack.enter_context(serving(front))
            found[kind] = (fake.url, front)
        yield found


def client_of(kind: str, url: str, token: str) -> Client:
    if kind == "github":
        return GithubClient(Way(url, "acme/payments", token))
    if kind == "gitlab":
        return GitlabClient(Way(url, gitlab_fake.PROJECT, token))
    return JiraClient(Way(url, jira_fake.KEY, f"bot@acme.example:{token}" if kind == "jira-cloud" else token))


@pytest.fixture(params=KINDS)
def side(request: Any, fronts: dict[str, tuple[str, Faulty]], settings: Any) -> Side:
    url, front = fronts[request.param]
    settings.OUTGOING_HOSTS = [entry_of(url)]
    settings.TRACKER_URL = ""
    front.program.issues.clear()
    getattr(front.program, "comments", {}).clear()
    front.faults.clear()
    front.asked.clear()
    return Side(client_of(request.param, url, front.program.token), front.program, front)


def test_an_issue_goes_its_way(side: Side) -> None:
    client = side.client
    client.check()
    made = client.create("Payments fail", BODY)
    assert (made.state, made.assignee) == (State.OPEN, "")
    assert made.url.startswith(side.fake.url)
    for _more in range(60):
        client.create("Another", "")
    found = client.find(MARK)
    assert found is not None
    assert found.number == made.number
    assert client.find("secondline-bug:" + "00" * 16) is None

    declined = client.change(made.number, state=State.DECLINED, assignee="")
    assert declined.state == State.DECLINED
    assert client.change(made.number, state=State.OPEN, assignee="sam").state == State.OPEN
    now = client.get(made.number)
    assert (now.state, now.assignee.lower()) == (State.OPEN, "sam")
    assert client.change(made.number, state=State.FIXED, assignee="").state == State.FIXED

    changed = client.changed(clock.now() - timedelta(days=100))
    assert changed[0].number == made.number
    assert len(changed) == 50
    moments = [one.changed_at for one in changed if one.changed_at]
    assert moments == sorted(moments, reverse=True)
    assert len(moments) == 50


def test_comments_come_with_their_authors_the_newest_hundred(side: Side) -> None:
    made = side.client.create("Payments fail", BODY)
    first = side.client.comment(made.number, "We see it, too.")
    for number in range(104):
        side.client.comment(made.number, f"Comment {number}")
    said = side.client.comments(made.number)
    assert len(said) == 100
    assert [one.body for one in said][-2:] == ["Comment 102", "Comment 103"]
    assert first.number not in {one.number for one in said}
    assert first.author
    assert first.at.tzinfo is not None


@pytest.mark.parametrize(
    ("fault", "said", "unsure"),
    [
        ((500, "", {}), "500", True),
        ((503, "", {"Retry-After": "120"}), "503", True),
        ((429, "", {"Retry-After": "120"}), "less often", True),
        ((403, "", {"Retry-After": "120"}), "less often", True),
        ((403, "", {}), "token", False),
        ((404, "", {}), "no such", False),
        ((422, "", {}), "422", False),
        ((200, b"<html>Sign in</html>", {"Content-Type": "text/html"}), "can't be read", True),
        ((200, b"[]", {}), "can't be read", True),
        ((302, "", {"Location": "http://127.0.0.1:9/"}), "another address", False),
        ((307, "", {"Location": "/elsewhere"}), "another address", False),
    ],
)
def test_what_goes_wrong_is_told_and_never_waited_for(side: Side, fault: Any, said: str, unsure: bool) -> None:
    side.front.faults.append(fault)
    with pytest.raises(TrackerError, match=said) as caught:
        side.client.create("Payments fail", BODY)
    assert caught.value.unsure is unsure
    assert caught.value.rest == timedelta(seconds=120 if "Retry-After" in fault[2] else 0)
    assert len(side.front.asked) == 1


def test_a_tracker_that_hangs_or_never_ends_may_have_done_it(side: Side, monkeypatch: Any) -> None:
    monkeypatch.setattr(through, "WITHIN", 1.0)
    side.front.faults.append((201, "hang", {"Seconds": "2"}))
    with pytest.raises(TrackerError, match="seconds") as caught:
        side.client.create("Payments fail", BODY)
    assert caught.value.unsure
    monkeypatch.setattr(through, "WITHIN", 5.0)
    monkeypatch.setattr(through, "LARGEST", 1000)
    side.front.faults.append((201, b'"' + b"x" * 2000 + b'"', {}))
    with pytest.raises(TrackerError, match="too long") as caught:
        side.client.create("Payments fail", BODY)
    assert caught.value.unsure


def test_another_token_or_host_is_refused(side: Side, settings: Any, request: Any) -> None:
    kind = request.node.callspec.params["side"]
    with pytest.raises(TrackerError, match="token"):
        client_of(kind, side.fake.url, "another").check()
    settings.OUTGOING_HOSTS = []
    side.front.asked.clear()
    with pytest.raises(TrackerError, match="OUTGOING_HOSTS"):
        side.client.create("Payments fail", BODY)
    assert side.front.asked == []


@pytest.mark.parametrize("side", ["gitlab"], indirect=True)
def test_gitlab_carries_out_nothing_of_what_a_customer_wrote(side: Side) -> None:
    made = side.client.create("Payments fail", "It says:\n/close\n  /assign @root\nand/or nothing")
    wanted = "It says:\n\\/close\n  \\/assign @\u200broot\nand/or nothing"
    assert side.fake.issues[0]["description"] == wanted
    assert side.client.comment(made.number, "/label ~done").body == "\\/label ~done"


def test_jira_carries_out_nothing_of_what_a_customer_wrote() -> None:
    said = wiki(
        "**Severity:** Major\n\n## Steps\n\n!http://x.example/a.png! [~admin] {html}<b>{html}\n"
        "````\n```\n{noformat}*still* inside\n````\nafter\n\n<!-- secondline-bug:00 -->"
    )
    assert said.splitlines() == [
        "*Severity:* Major", "", "h2. Steps", "", r"\!http://x.example/a.png\! \[\~admin\] \{html\}<b>\{html\}",
        "{noformat}", "```", "{ noformat}*still* inside", "{noformat}", "after", "", "secondline-bug:00",
    ]  # fmt: skip
