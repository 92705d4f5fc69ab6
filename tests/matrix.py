"""The role × endpoint matrix: who gets which answer from which address.

A row says what each role gets from GET:

    "ticket": page("l1 l2 lead partner auditor admin", to=ticket)   # 200 for them, 404 for the others

`to` builds the address's arguments from the scenario. What deviates is named: `auditor=403`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.files.base import ContentFile
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

import actions.lifecycle
from accounts import access_review, rostering
from accounts.models import Availability, Role, TeamKind, User
from accounts.rostering import WeeklyShift
from actions.facts import Facts
from audit.models import Entry
from bugs import reports as bug_reports
from bugs.models import Severity, Tracker
from common import clock
from common.business_hours import Interval
from escalations import (
    attachments,
    baton,
    bulk,
    calendar_choices,
    calendar_drafts,
    conversation,
    csat,
    diagnosis,
    evidence,
    lifecycle,
    policies,
    reapplications,
    saved_views,
)
from escalations.models import (
    Calendar,
    EvidenceKind,
    LedgerCheck,
    MessageKind,
    Policy,
    PolicyVersion,
    Reapplication,
    Ticket,
)
from incidents import finds
from incidents.finds import Place
from investigations import keeping
from investigations.console import runs
from investigations.console.composing import Composed
from investigations.health import checklists, integrations
from investigations.health.integrations import Stated
from investigations.lookups import definitions, running
from investigations.models import Environment, LogSource, Recheck, VersionFault
from investigations.webhooks import receiving
from knowledgebase import articles, known_issues
from points import ledger
from reports import days, improvements, simulation, trial
from reports.models import Trend
from tests import seed
from tests.escalations.desk import Desk
from tests.factories import TeamFactory, UserFactory

ANONYMOUS = "anonymous"
SIGNED_IN = (
    "l1",  # escalated the tickets
    "l1_elsewhere",
    "l2",  # of the team that has them
    "l2_elsewhere",
    "lead",  # of that team
    "partner",  # handed the ticket
    "partner_without",  # handed nothing
    "auditor",
    "admin",
)
ROLES = (ANONYMOUS, *SIGNED_IN)
EVERYBODY = " ".join(SIGNED_IN)

LOGIN = "login"  # a redirect to the sign-in page

# Who, in rows of several apps.
READERS = "l1 l2 lead partner auditor admin"  # of the ticket
INTERNAL = "l2 lead auditor admin"  # of what L2 keeps to itself
WRITERS = "l2 l2_elsewhere lead admin"  # of articles and known issues
HISTORY = "l2 l2_elsewhere lead auditor admin"
NUMBERS = "l2 l2_elsewhere lead auditor admin"
SIMULATORS = "lead auditor admin"
LEVELS = "lead auditor admin"  # of how service levels are set up
ESCALATORS = "l1 l1_elsewhere l2 l2_elsewhere lead"
Answer = int | str


@dataclass
class Scenario:
    """A person of each role, signed in, around one ticket with everything that hangs on it."""

    media: Path
    desk: Desk = field(init=False)
    people: dict[str, User] = field(init=False)
    clients: dict[str, Client] = field(init=False)

    def __post_init__(self) -> None:
        seed.catalogue()
        self.desk = desk = Desk()
        other_voice = TeamFactory(name="Other voice", kind=TeamKind.L1)
        product = TeamFactory(name="Product", kind=TeamKind.PARTNER)
        self.people = {
            "l1": desk.l1,
            "l1_elsewhere": desk.person("Lou Elsewhere", (other_voice, Role.L1)),
            "l2": desk.l2,
            "l2_elsewhere": desk.outsider,
            "lead": desk.lead,
            "partner": desk.partner,
            "partner_without": desk.person("Pia Partner", (product, Role.PARTNER)),
            "auditor": desk.auditor,
            "admin": UserFactory(name="Ada Admin", is_staff=True, is_superuser=True),
        }
        self.clients = {ANONYMOUS: Client()} | {role: _signed_in(user) for role, user in self.people.items()}
        self._things()

    def _things(self) -> None:
        desk = self.desk
        self.new = desk.escalated()
        self.returned = desk.returned()
        self.resolved = desk.resolved()
        self.ticket = lifecycle.wait_for_partner(
            desk.started(), by=desk.l2, partner=desk.engineering, message="Is the gateway down?"
        )
        note = conversation.write(self.ticket, by=desk.l2, kind=MessageKind.NOTE, body="It is the gateway.")
        upload = ContentFile(b"a log", name="log.txt")
        self.attachment = attachments.attach(self.ticket, upload, by=desk.l2, message=note)
        findings = diagnosis.Findings(symptoms="Time-outs.")
        diagnosis.write(self.ticket, findings, by=desk.l2, version=0)
        self.evidence = evidence.keep(
            self.ticket, kind=EvidenceKind.OTHER, title="Ping fails", body="", source={}, by=desk.l2,
            suspicion="Gateway down",
        )  # fmt: skip
        self.reapplication = reapplications.request(Reapplication(), by=desk.lead)
        self.saved_view = saved_views.save("Untaken", "scope=untaken", by=desk.l2)
        self.check = LedgerCheck.objects.create(started_at=clock.now())
        self.rating_token = csat.token(csat.invite(self.resolved))
        interval = Interval(0, 540, 1020)
        roster = rostering.save_draft(
            desk.payments, "Asia/Manila", [WeeklyShift(desk.l2, interval)], by=desk.lead, version=0
        )
        rostering.publish(desk.payments, by=desk.lead, version=roster.saved_count)
        self.exception = rostering.add_extra(
            desk.payments, desk.other_l2, clock.now().date() + timedelta(days=9), 540, 600, by=desk.lead
        )
        User.objects.filter(pk=desk.l2.pk).update(availability=Availability.AVAILABLE)  # whatever the weekday
        self.access_review = access_review.begin(desk.payments, by=desk.lead)
        self.baton = baton.hand_over(desk.payments, clock.now())
        # What falls due before the next shift's end depends on the hour at which the tests run.
        self.baton.items.get_or_create(ticket=self.ticket, defaults={"due_at": self.ticket.next_due_at})
        self.draft = articles.write(by=desk.l2, title="Draft", body="Not yet.", language="en", audience="l2")
        written = articles.write(by=desk.l2, title="Known", body="Do this.", language="en", audience="l1")
        self.article = articles.publish(written, by=desk.l2, version=written.version)
        today = clock.now().date()
        self.trend = Trend.objects.create(
            dimension="category", value=str(self.ticket.category_id), since=today, last_day=today,
            expected=1, threshold=4, seen=9, total_seen=9, total_expected=1, customers=9, p_value=0, q_value=0,
            first_flagged_at=clock.now(), updated_at=clock.now(), examples=[self.ticket.pk],
            chart={"days": [today.isoformat()], "seen": [9], "expected": [1], "threshold": [4]},
        )  # fmt: skip
        self.bulk_action = bulk.start("priority", {"priority": 2}, Ticket.objects.all(), by=desk.l2)
        self._simulation()
        self._action()
        self.calendar = Calendar.objects.get(name="Manila 15:00–24:00")
        calendar_drafts.save_draft(self.calendar, by=desk.lead, own_holidays=["2031-01-31"])
        self.choice = calendar_choices.choose_calendar(self.calendar, team=desk.accounts, by=desk.lead)
        (self.log,) = keeping.add(self.ticket, BytesIO(b"a line\n"), "a.log", by=desk.l2, zone="UTC")
        self._console()
        self._lookup()
        self._bug()
        self._integration()
        self.audit_entry = Entry.objects.latest("pk").pk
        here = Place("ticket", self.ticket.pk)
        self.incident = finds.note({"card": 1}, place=here, way="form", by=desk.l2, deed="ticket.message").incident
        self.known_issue = known_issues.open_issue(by=desk.l2, title="Gateway down", symptoms="No payments.")
        draft = improvements.Draft("Two gateways", "It fails", "A second one", tickets=[self.ticket])
        self.proposal = improvements.propose(draft, by=desk.l2)

    def _console(self) -> None:
        """Keep a request of the ticket's, which is not sent, and have a webhook arrive."""
        self.environment = Environment.objects.create(
            name="Sandbox", base_url="https://api.example.com", changed_at=clock.now()
        )
        with override_settings(OUTGOING_HOSTS=["api.example.com"]):
            self.run = runs.make(self.ticket, Composed(self.environment, "GET", "/", []), by=self.desk.l2)
        address = receiving.open_address(self.ticket, by=self.desk.l2)
        self.webhook_token = receiving.token_of(address)
        receiving.take(address, method="POST", path="", query="", headers={}, body=b"{}")
        self.delivery = address.deliveries.get()

    def _lookup(self) -> None:
        admin = self.people["admin"]
        self.lookup_source = definitions.save_source(
            None, name="Back office", kind="http", url="", is_back_office=True, is_active=True, secret="",
            version=0, by=admin,
        )  # fmt: skip
        version = definitions.save(None, "Accounts", definitions.Draft(self.lookup_source, "/"), why="", by=admin)
        self.lookup = version.lookup
        self.lookup_run = running.ask(self.ticket, version, {}, reason="To see.", by=self.desk.l2)

    def _bug(self) -> None:
        words = bug_reports.Words("Payments fail", "", "Pay.", "Paid", "Declined", Severity.MAJOR)
        self.bug = bug_reports.write(self.ticket, words, by=self.desk.l2)
        self.tracker = Tracker.objects.create(
            name="Payments", base_url="https://api.github.com", project="acme/payments",
            changed_by=self.people["admin"], changed_at=clock.now(),
        )  # fmt: skip

    def _simulation(self) -> None:
        self.policy = policy = Policy.objects.get(name="Standard")
        in_force = policies.version(policy.current_id or 0)
        self.policy_draft = PolicyVersion.objects.create(
            policy=policy, number=in_force.number + 1, calendar=in_force.calendar, targets=in_force.targets
        )
        self.simulation = simulation.request(
            trial.copied(policies=[self.policy_draft]), by=self.desk.lead, span=30, last=days.today()
        )
        simulation.run(self.simulation)

    def _integration(self) -> None:
        """Write down an integration, with a checklist and a re-check because of the ticket."""
        l2 = self.desk.l2
        self.integration = integrations.save(None, Stated("rest"), customer=self.ticket.customer, by=l2)
        self.checklist = checklists.start(self.integration, self.ticket, by=l2)
        self.recheck = Recheck.objects.create(
            integration=self.integration, ticket=self.ticket, url="https://shop.example/", started_by=l2,
            started_at=clock.now(), ends_at=clock.now(), next_at=clock.now(),
        )  # fmt: skip
        self.log_source = LogSource.objects.create(
            name="Loki", kind="loki", url="https://loki.example", within="{}"
        )
        self.fault = VersionFault.objects.create(
            issue=known_issues.open_issue(by=l2, title="Old plugin", symptoms="No payments."),
            plugin="rest", versions="<2", added_by=l2, added_at=clock.now(),
        )  # fmt: skip

    def _action(self) -> None:
        """Request an action on the ticket, with its note as evidence."""
        self.transfer = ledger.spend(account="C-1", points=100, key="ORD-1", by=self.desk.l2)
        payload = {"account": "C-1", "original": "ORD-1", "points": "100", "reason": "failed"}
        note = {"proof": {"text": "", "source": f"file-{self.attachment.pk}"}}
        draft = actions.lifecycle.draft(self.ticket, "points_refund", payload, note, by=self.desk.l2)
        self.action = actions.lifecycle.request(draft, Facts(is_silent=True), by=self.desk.l2)


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def nothing(scenario: Scenario) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Row:
    """What each role gets from GET of one address."""

    expected: Mapping[str, Answer]
    to: Callable[[Scenario], dict[str, Any]] = nothing
    query: str = ""

    @property
    def is_public(self) -> bool:
        return self.expected[ANONYMOUS] not in {LOGIN, 401}

    def address(self, name: str, scenario: Scenario) -> str:
        return reverse(name, kwargs=self.to(scenario)) + self.query


def page(
    allowed: str = EVERYBODY,
    *,
    gives: Answer = 200,
    others: Answer = 404,
    anonymous: Answer = LOGIN,
    to: Callable[[Scenario], dict[str, Any]] = nothing,
    query: str = "",
    **deviating: Answer,
) -> Row:
    """Return the row of a page: `allowed` roles get `gives`, other signed-in people `others`."""
    names = allowed.split()
    unknown = {*names, *deviating} - set(ROLES)
    assert not unknown, f"there is no role {', '.join(sorted(unknown))}"
    expected = {role: gives if role in names else others for role in SIGNED_IN}
    return Row({**expected, ANONYMOUS: anonymous, **deviating}, to, query)


def post_only(*, to: Callable[[Scenario], dict[str, Any]] = nothing) -> Row:
    """Return the row of an address that only takes POST."""
    return page(gives=405, to=to)


def public(
    gives: Answer = 200,
    *,
    anonymous: Answer | None = None,
    to: Callable[[Scenario], dict[str, Any]] = nothing,
) -> Row:
    """Return the row of a page that needs no sign-in; `anonymous` if strangers get something else."""
    return page(gives=gives, anonymous=gives if anonymous is None else anonymous, to=to)


def api(
    allowed: str = EVERYBODY,
    *,
    gives: Answer = 200,
    others: Answer = 404,
    to: Callable[[Scenario], dict[str, Any]] = nothing,
    query: str = "",
    **deviating: Answer,
) -> Row:
    """Return the row of an API address, which answers 401 where a page would lead to the sign-in."""
    return page(allowed, gives=gives, others=others, anonymous=401, to=to, query=query, **deviating)


def answer_of(response: Any) -> Answer:
    """Return the status, or LOGIN for a redirect to the sign-in page."""
    if response.streaming:
        response.getvalue()  # so that a file that is sent is closed
    if response.status_code == 302 and urlsplit(response.headers["Location"]).path == reverse("account_login"):
        return LOGIN
    return int(response.status_code)


def addresses() -> dict[str, str]:
    """Return every address of the program by its name, with its namespace; the admin site's are its own."""
    found: dict[str, str] = {}
    for name, route in _walk(get_resolver().url_patterns, "", ""):
        assert name, f"the address /{route} has no name"
        found[name] = route
    return found


def _walk(patterns: list[URLPattern | URLResolver], prefix: str, namespace: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLPattern):
            yield (f"{namespace}{pattern.name}" if pattern.name else ""), route
        elif pattern.namespace != "admin":
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, route, inner)
