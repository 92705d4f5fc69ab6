"""Whoever reads Spanish sees no English: every main page, whatever the program says on it."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.test import Client
from django.urls import reverse

from accounts.models import User
from escalations.models import Customer
from tests.matrix import ANONYMOUS, Scenario

BASE_DIR = Path(__file__).resolve().parents[2]
CATALOGUE = BASE_DIR / "locale" / "es" / "LC_MESSAGES" / "django.po"

#: What people of the test wrote, and names that are also words of the program.
DATA = re.compile(
    r"The payment does not arrive|Since this morning no payment|As described\.|The time of the payment"
    r"|Is the gateway down\?|It is the gateway|The bank was down|Your payment has arrived|Not yet\.|Do this\."
    r"|No payments\.|Time-outs\.|Signed out and in again|Port of Spain|Isle of Man"
    r"|^(Draft|Known|Product|Other voice|Gateway down)$"
)
ENGLISH = re.compile(
    r"\b(the|and|of|is|are|was|with|this|that|your|you|not|from|queue|escalate|escalations?|deadlines?|owner"
    r"|priority|customer|search|save|write|resolved?|choose|overdue|dashboard|trends|knowledge|articles?)\b",
    re.IGNORECASE,
)
SPOKEN = {"title", "aria-label", "placeholder", "alt", "data-confirm", "data-confirm-label", "data-label"}


class _Texts(HTMLParser):
    """Collects what a page says: its texts, and the attributes that are read out or shown."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style"}
        self.found += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.found.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue as it is now, compiled; not what an earlier run left beside it."""
    folder = tmp_path_factory.mktemp("locale")
    target = folder / "es" / "LC_MESSAGES" / "django.mo"
    target.parent.mkdir(parents=True)
    with CATALOGUE.open("rb") as source, target.open("wb") as file:
        write_mo(file, read_po(source, locale="es"))
    return folder


@pytest.fixture(autouse=True)
def _in_spanish(compiled: Path, settings: Any) -> None:
    settings.LOCALE_PATHS = [compiled]


@pytest.fixture(scope="module")
def originals() -> set[str]:
    """The English texts whose translation reads differently."""
    with CATALOGUE.open("rb") as file:
        return {
            str(message.id)
            for message in read_po(file, locale="es")
            if isinstance(message.id, str) and message.id and message.id != message.string
        }


def _ticket(scenario: Scenario) -> dict[str, Any]:
    return {"reference": scenario.ticket.reference}


To = Callable[[Scenario], dict[str, Any]]
PAGES: list[tuple[str, str, To | None]] = [
    (ANONYMOUS, "account_login", None),
    (ANONYMOUS, "account_reset_password", None),
    (ANONYMOUS, "account_signup", None),
    (ANONYMOUS, "rate", lambda scenario: {"token": scenario.rating_token}),
    ("l1", "escalate", None),
    ("l1", "escalate_in", lambda _scenario: {"key": "transaction_failure"}),
    ("l1", "my_escalations", None),
    ("l1", "resubmit", lambda scenario: {"reference": scenario.returned.reference}),
    ("l1", "ticket", lambda scenario: {"reference": scenario.returned.reference}),
    ("l2", "queue", None),
    ("l2", "ticket", _ticket),
    ("l2", "ticket", lambda scenario: {"reference": scenario.resolved.reference}),
    ("l2", "triage", lambda scenario: {"reference": scenario.new.reference}),
    ("l2", "diagnosis", _ticket),
    ("l2", "diagnosis_history", _ticket),
    ("l2", "ticket_act", lambda scenario: {**_ticket(scenario), "verb": "resolve"}),
    ("l2", "customer", lambda scenario: {"number": scenario.ticket.customer_id}),
    ("l2", "correct_customer", lambda scenario: {"number": scenario.ticket.customer_id}),
    ("l2", "article_list", None),
    ("l2", "article", lambda scenario: {"pk": scenario.article.pk}),
    ("l2", "article_edit", lambda scenario: {"pk": scenario.draft.pk}),
    ("l2", "article_history", lambda scenario: {"pk": scenario.article.pk}),
    ("l2", "known_issue_list", None),
    ("l2", "known_issue", lambda scenario: {"pk": scenario.known_issue.pk}),
    ("l2", "known_issue_new", None),
    ("l2", "known_issue_edit", lambda scenario: {"pk": scenario.known_issue.pk}),
    ("l2", "preferences", None),
    ("l2", "usersessions_list", None),
    ("l2", "account_change_password", None),
    ("l2", "mfa_index", None),
    ("lead", "access", None),
    ("lead", "access_review", lambda scenario: {"number": scenario.access_review.pk}),
    ("partner", "ticket", _ticket),
    ("lead", "dashboard", None),
    ("lead", "trend_list", None),
    ("lead", "roster", None),
    ("lead", "roster_week", lambda scenario: {"number": scenario.desk.payments.pk}),
    ("lead", "edit_roster", lambda scenario: {"number": scenario.desk.payments.pk}),
    ("lead", "baton", None),
    ("auditor", "baton_past", lambda scenario: {"number": scenario.baton.pk}),
    ("lead", "trend", lambda scenario: {"pk": scenario.trend.pk}),
    ("lead", "alerts", None),
    ("lead", "escalation_paths", None),
    ("lead", "edit_escalation_path", lambda scenario: {"number": scenario.desk.payments.pk}),
    ("lead", "routing", None),
    ("lead", "edit_routing", lambda scenario: {"number": scenario.desk.payments.pk}),
    ("admin", "category_setup", None),
    ("admin", "admin:index", None),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "name", "to"), PAGES, ids=[f"{role}-{name}" for role, name, _ in PAGES])
def test_a_page_says_nothing_in_english(
    scenario: Scenario, originals: set[str], role: str, name: str, to: To | None
) -> None:
    _let_everybody_read_spanish()
    client = scenario.clients[role] if role != ANONYMOUS else Client(headers={"accept-language": "es"})
    response = client.get(reverse(name, kwargs=to(scenario) if to else {}))
    assert response.status_code == 200
    page = response.content.decode()
    assert '<html lang="es"' in page
    assert _english(page, originals) == []


@pytest.mark.django_db
def test_what_is_not_there_is_refused_in_spanish(scenario: Scenario, originals: set[str]) -> None:
    _let_everybody_read_spanish()
    response = scenario.clients["l2"].get("/nowhere/")
    assert response.status_code == 404
    assert "Aquí no hay nada" in response.content.decode()
    assert _english(response.content.decode(), originals) == []


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["flow", "sla", "times", "ages", "returns", "ratings", "workload", "categories"])
def test_a_spreadsheet_has_spanish_heads(scenario: Scenario, originals: set[str], table: str) -> None:
    _let_everybody_read_spanish()
    response = scenario.clients["lead"].get(reverse("dashboard_csv", kwargs={"table": table}))
    heads = b"".join(response).decode("utf-8-sig").splitlines()[0].split(",")
    assert len(heads) > 1
    assert [head for head in heads if head in originals or ENGLISH.search(head)] == []


def _let_everybody_read_spanish() -> None:
    User.objects.update(language="es")
    Customer.objects.update(language="es")


def _english(page: str, originals: set[str]) -> list[str]:
    texts = (text for text in _Texts(page).found if not DATA.search(text))
    return [text for text in texts if text in originals or ENGLISH.search(text)]
