"""Secrets of an environment that its answers repeat, in the spellings that servers usually write."""

import html
import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.urls import reverse

from investigations.console import echoes, shown
from investigations.models import Environment
from tests import seed
from tests.clients import client_of
from tests.common import hostile
from tests.escalations.desk import Desk
from tests.investigations.test_console import environment, newest, send

AWKWARD = "ab/cd+ñ& e?>f"
IN_JSON = json.dumps(AWKWARD)[1:-1]
IN_BASE64 = b64encode(AWKWARD.encode()).decode()


@pytest.mark.parametrize(
    "spelling",
    [
        AWKWARD,
        IN_JSON,
        json.dumps(AWKWARD, ensure_ascii=False)[1:-1],
        IN_JSON.replace("/", "\\/"),  # PHP
        IN_JSON.replace(">", "\\u003e").replace("&", "\\u0026"),  # Go
        IN_JSON.replace("+", "\\u002B").replace("\\u00f1", "\\u00F1"),  # .NET
        quote(AWKWARD, safe=""),
        quote(AWKWARD, safe="").lower(),
        quote(AWKWARD),
        quote_plus(AWKWARD),
        html.escape(AWKWARD),
        AWKWARD.encode("ascii", "xmlcharrefreplace").decode(),
        IN_BASE64,
        IN_BASE64.replace("/", "\\/"),
        urlsafe_b64encode(AWKWARD.encode()).decode(),
        quote(IN_BASE64, safe=""),
    ],
)
def test_a_secret_is_found_however_it_is_spelled(spelling: str) -> None:
    kept = echoes.without(f'{{"of": 1, "said": "{spelling}!"}}', {"OTHER": "never sent", "KEY": AWKWARD})
    assert kept.replace("%3D", "").replace("=", "") == '{"of": 1, "said": "{{KEY}}!"}'
    assert AWKWARD not in shown.pretty(kept)


@pytest.mark.parametrize("secret", ["%2F%2f", '\\\\/"', "a" * 400, "\\" * 40 + "x", "12345.67", "señor 🔑 key"])
def test_any_secret_is_found_as_it_is_in_json_in_html_and_in_addresses(secret: str) -> None:
    for spelling in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), html.escape(secret)):
        assert echoes.without(f"({spelling})", {"KEY": secret}) == "({{KEY}})"
    nearly = "\\" * 5000 + "%2" * 500 + "a" * 399
    assert echoes.without(nearly, {"KEY": secret}) == nearly


@pytest.fixture(scope="module")
def server():
    with hostile.serving() as made:
        yield made


@pytest.fixture
def desk(settings: Any, server: Any) -> Desk:
    settings.OUTGOING_HOSTS = [server.entry]
    settings.BACK_OFFICE_URL = ""
    seed.catalogue()
    return Desk()


@pytest.mark.django_db
def test_an_answer_is_kept_without_the_secret_in_the_servers_spelling(desk, server):
    to = environment(desk, server, secret="hush/4711/very+secret")
    said = "hush\\/4711\\/very\\u002Bsecret, hush%2f4711%2fvery%2bsecret"
    send(desk.l2, desk.started(), to, "/echo", headers=f"X-Said: {said}")
    assert "X-Said: {{API_KEY}}, {{API_KEY}}" in newest().answer_body


@pytest.mark.django_db
def test_a_secret_is_not_so_short_that_it_would_be_found_everywhere(desk, server):
    fields = {"name": "Short", "base_url": server.url, "secret_name": "API_KEY", "secret": "abc"}
    answer = client_of(desk.lead).post(reverse("new_environment"), fields)
    assert "A secret has 4 to 4000 characters." in answer.content.decode()
    assert not Environment.objects.filter(name="Short").exists()
