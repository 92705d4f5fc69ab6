"""The pages of an investigation in Spanish: nothing that the catalogue has a translation for stands in English."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import trans_real

from common import clock
from investigations.lookups import ready_made
from investigations.models import Lookup, LookupSource
from tests import seed
from tests.escalations.desk import Desk
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
_WORDS = re.compile(r"<(h[1-6]|th|label|legend|option|summary|button|dt)\b[^>]*>(.*?)</\1>", re.DOTALL)
_SAME = {"API", "Error", "Total"}


def english_on(page: str) -> set[str]:
    """Return which headings, labels and choices are texts of the interface as they are in English."""
    catalogue: Any = trans_real.translation("es")._catalog  # type: ignore[attr-defined]
    main = page.partition("<main")[2]
    found = {" ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split()) for _tag, text in _WORDS.findall(main)}
    return {text for text in found - _SAME - {""} if catalogue.get(text, text) not in {text, ""}}


def test_no_heading_is_english(settings: Any) -> None:
    settings.OUTGOING_HOSTS = ["api.example.com"]
    seed.catalogue()
    desk = Desk()
    ready_made.lay_out(clock.now())
    ticket = desk.started()
    people = {"l2": desk.l2, "lead": desk.lead, "admin": UserFactory(name="Ada", is_staff=True, is_superuser=True)}
    clients = {}
    for name, user in people.items():
        user.language = "es"
        user.save()
        clients[name] = Client()
        clients[name].force_login(user)
    lookup = Lookup.objects.get(name="Points")
    clients["l2"].post(reverse("open_webhook", args=[ticket.reference]))
    pages: list[tuple[str, str, list[Any]]] = [
        ("l2", "logs", [ticket.reference]), ("l2", "log_lines", [ticket.reference]),
        ("l2", "lookups", [ticket.reference]), ("l2", "api_console", [ticket.reference]),
        ("l2", "webhooks", [ticket.reference]),
        ("l2", "run_lookup", [ticket.reference, lookup.pk]),
        ("l2", "customer_timeline", [ticket.customer_id]),
        ("lead", "environments", []), ("lead", "new_environment", []),
        ("admin", "lookup_list", []), ("admin", "new_lookup", []), ("admin", "lookup_setup", [lookup.pk]),
        ("admin", "edit_lookup_source", [LookupSource.objects.earliest("pk").pk]),
    ]  # fmt: skip
    english = {}
    for who, name, arguments in pages:
        answer = clients[who].get(reverse(name, args=arguments))
        assert answer.status_code == 200, name
        page = answer.content.decode()
        assert 'lang="es"' in page, name
        if found := english_on(page):
            english[name] = found
        assert "or worse" not in page, name
    assert not english
