"""What is measured: Secondline's pages and deeds, what each is set beside, and where they are."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

from bench.workplace.clients import Asked, Client
from bench.workplace.serving import Services
from bench.workplace.signs import DOMAIN, MEASURED_TEAM, PASSWORD
from bench.workplace.texts import COMMON, RARE

#: Where all tickets are searched.
SEARCH = "/search/?q={}"
NO_HIT = "quetzalcoatlus"

#: What is set beside what: the bare counterpart, how many times its time is allowed.
BESIDE: dict[str, tuple[str, float]] = {
    "queue": ("queue", 3),
    "ticket": ("queue", 4),
    "search, common word": ("search, common word", 3),
    "search, rare word": ("search, rare word", 3),
    "search, no hit": ("search, no hit", 3),
    "escalate": ("insert", 3),
    "dashboard": ("queue", 10),
}
#: Pages, and parts of them that come later.
READS = (
    "empty page", "queue", "ticket", "ticket, beside it: work", "ticket, beside it: related",
    "search, common word", "search, rare word", "search, no hit", "dashboard", "dashboard, first view",
)  # fmt: skip
WRITES = ("escalate", "comment", "take next")
#: What eight people do at once.
BY_EIGHT = ("queue", "ticket", "search, rare word", "dashboard", *WRITES)


@dataclass
class Contestant:
    """Something that is served, what can be asked of it, and who asks.

    Each deed gets the number of the client and of the request. `role` is whom it is in the database.
    """

    name: str
    port: int
    role: str
    deeds: dict[str, Callable[[int, int], Asked]] = field(default_factory=dict)
    people: dict[str, list[Client]] = field(default_factory=dict)

    def clients(self, deed: str) -> list[Client]:
        """Return who does it: eight people, of the role that does such things."""
        return self.people.get(deed) or self.people[""]


def _searches(pattern: str) -> dict[str, Callable[[int, int], Asked]]:
    words = {"common word": COMMON, "rare word": RARE, "no hit": NO_HIT}
    return {
        f"search, {kind}": lambda _client, _turn, word=word: (pattern.format(quote(word)), None)
        for kind, word in words.items()
    }


def product(services: Services, database: str, port: int) -> Contestant:
    """Return Secondline, with an L2 team of eight signed in, its lead, and L1 people."""
    team = services.psql(database, f"SELECT id FROM accounts_team WHERE name = '{MEASURED_TEAM}'")
    known = services.psql(
        database,
        f"SELECT string_agg(id::text, ',') FROM (SELECT id FROM escalations_ticket WHERE team_id = {team} "
        "AND state IN ('in_progress', 'waiting_customer') ORDER BY id DESC LIMIT 40) AS latest",
    ).split(",")

    def ticket(client: int, turn: int) -> str:
        return known[(7 * client + turn) % len(known)]

    lead = _signed_in(port, f"lead-1-11@{DOMAIN}")
    one = Contestant("Secondline", port, "secondline")
    one.people = {
        "": [_signed_in(port, f"l2-1-{number}@{DOMAIN}") for number in range(1, 9)],
        "dashboard": [lead] * 8,
        "dashboard, first view": [lead],
        "escalate": [_signed_in(port, f"l1-1-{number}@{DOMAIN}") for number in range(1, 9)],
    }
    one.deeds = {
        "empty page": lambda _client, _turn: ("/drafts/", None),
        "queue": lambda _client, _turn: ("/queue/", None),
        "ticket": lambda client, turn: (f"/tickets/ESC-{ticket(client, turn)}/", None),
        "ticket, beside it: work": lambda client, turn: (f"/tickets/ESC-{ticket(client, turn)}/work/#", None),
        "ticket, beside it: related": lambda client, turn: (
            f"/tickets/ESC-{ticket(client, turn)}/related/#",
            None,
        ),
        "dashboard": lambda _client, _turn: ("/dashboard/", None),
        "dashboard, first view": lambda _client, turn: (f"/dashboard/?since={_days_ago(10 + turn % 80)}", None),
        "escalate": lambda client, turn: ("/escalate/other/", _contract(client, turn)),
        "comment": lambda client, turn: (
            f"/tickets/ESC-{ticket(client, turn)}/messages/",
            {"kind": "note", "body_note": f"Looked at it once more, number {turn}: the balance is as it was."},
        ),
        "take next": lambda _client, _turn: ("/queue/take-next/", {}),
        **_searches(SEARCH),
    }
    return one


def _days_ago(days: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days)


def _signed_in(port: int, email: str) -> Client:
    client = Client(port)
    client.sign_in("/account/login/", {"login": email, "password": PASSWORD})
    return client


def _contract(client: int, turn: int) -> dict[str, str]:
    return {
        "customer_id": f"BENCH-{client}-{turn % 50}",
        "customer_name": "Maria Santos Reyes",
        "customer_segment": "consumer",
        "customer_language": "en",
        "subject": f"A payment of the bench does not arrive, number {turn}",
        "description": "The customer sent it this morning. The balance went down at once, nothing came in since. "
        "In the back office it shows as completed, with no confirmation from the other bank. " * 3,
        "channel": "chat",
        "impact": "2",
        "urgency": "2",
        "answer_about": "A payment",
        "answer_why_other": "It is none of them.",
        "answer_steps_tried": "Looked at the balance",
        "answer_request": "Please find out where it is.",
    }


def bare(services: Services, database: str, port: int) -> Contestant:
    """Return the bare views."""
    team = services.psql(database, f"SELECT id FROM accounts_team WHERE name = '{MEASURED_TEAM}'")
    one = Contestant("bare view", port, "bare")
    one.people = {"": [Client(port) for _ in range(8)]}
    one.deeds = {
        "queue": lambda _client, _turn: (f"/queue/{team}/", None),
        "insert": lambda _client, _turn: ("/insert/", {}),
        **_searches("/search/?q={}"),
    }
    return one


def helpdesk(services: Services, database: str, port: int) -> Contestant:
    """Return django-helpdesk: the same tickets, each list with the rows that its page asks for behind it."""
    shown_first = json.dumps({"filtering": {"status__in": [1, 2]}, "sorting": "created"})
    number = services.psql(database, "SELECT max(id) FROM helpdesk.helpdesk_ticket")
    queue = services.psql(database, "SELECT min(id) FROM helpdesk.helpdesk_queue")
    one = Contestant("django-helpdesk", port, "helpdesk")
    client = Client(port)
    client.sign_in("/login/", {"username": f"l2-1-1@{DOMAIN}", "password": PASSWORD})
    one.people = {"": [client]}

    def rows(query: str) -> str:
        return f"/datatables_ticket_list/{b64encode(query.encode()).decode()}?draw=1&start=0&length=50"

    def searched(word: str) -> Callable[[int, int], Asked]:
        query = json.dumps({"filtering": {}, "sorting": "created", "search_string": word})
        return lambda _client, _turn: (rows(query), None)

    one.deeds = {
        "queue": lambda _client, _turn: (rows(shown_first), None),
        "ticket": lambda _client, turn: (f"/tickets/{int(number) - turn % 40}/", None),
        "dashboard": lambda _client, _turn: ("/dashboard/", None),
        "search, common word": searched(COMMON),
        "search, rare word": searched(RARE),
        "search, no hit": searched(NO_HIT),
        "escalate": lambda client, turn: (
            "/tickets/submit/",
            {
                "queue": queue,
                "title": f"A payment of the bench does not arrive, number {turn}",
                "body": _contract(client, turn)["description"],
                "priority": "3",
                "submitter_email": "maria@example.com",
            },
        ),
        "comment": lambda _client, turn: (
            f"/tickets/{int(number) - turn % 40}/update/",
            {
                "comment": f"Looked at it once more, number {turn}: the balance is as it was.",
                "title": "A payment of the bench does not arrive",
                "body": "Nothing has come in since.",
                "new_status": "1",
                "priority": "3",
                "queue": queue,
            },
        ),
    }
    return one
