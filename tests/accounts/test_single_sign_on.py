"""Single sign-on: offered when it is configured, for people whom an admin has added (a provider of our own)."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from common import clock
from config import single_sign_on
from events.models import Event
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
KEY = "a key that only the provider has, long enough"


class Issuer(BaseHTTPRequestHandler):
    """An OpenID Connect issuer with one person, whom it signs in without asking."""

    person: ClassVar[dict[str, Any]] = {}
    verifiers: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        base = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
        self._say(
            {
                "issuer": base, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token",
                "userinfo_endpoint": f"{base}/userinfo", "jwks_uri": f"{base}/keys",
            } if "well-known" in self.path else self.person
        )  # fmt: skip

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.verifiers.extend(sent["code_verifier"])
        base = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
        now = int(clock.now().timestamp())
        claims = self.person | {"iss": base, "aud": "desk", "iat": now, "exp": now + 60}
        self._say({"access_token": "x", "token_type": "Bearer", "id_token": jwt.encode(claims, KEY, "HS256")})

    def _say(self, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def issuer(settings):
    server = HTTPServer(("127.0.0.1", 0), Issuer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    app = single_sign_on.oidc("Example Login", f"http://127.0.0.1:{server.server_port}", "desk", "secret")
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    Issuer.person = {"sub": "4711", "email": "Ana@example.com", "email_verified": True}
    yield Issuer
    server.shutdown()
    server.server_close()


def come_back(client, **extra):
    asked = client.post(reverse("openid_connect_login", args=["oidc"]) + "?process=login&next=/preferences/")
    question = parse_qs(urlsplit(asked.url).query)
    assert question["code_challenge_method"] == ["S256"]
    answer = {"code": "abc", "state": question["state"][0]} | extra
    return client.get(reverse("openid_connect_callback", args=["oidc"]), answer)


def test_nothing_is_offered_that_is_not_configured():
    page = Client().get(reverse("account_login")).content.decode()
    assert "Sign in with" in page, "a passkey"
    assert "/account/sso/" not in page


def test_the_company_account_signs_in_and_leads_back(issuer):
    ana = UserFactory(email="ana@example.com")
    password = ana.password
    client = Client()
    assert "Sign in with Example Login" in client.get(reverse("account_login")).content.decode()
    assert come_back(client).url == "/preferences/"
    assert client.session["_auth_user_id"] == str(ana.pk)
    ana.refresh_from_db()
    assert ana.password == password, "their own password goes on"
    assert Event.objects.get(kind="person.single_sign_on_connected").actor == ana
    User.objects.filter(pk=ana.pk).update(email="ana.cruz@example.com")
    again = Client()
    come_back(again)
    assert again.session["_auth_user_id"] == str(ana.pk), "known by who they are there"


@pytest.mark.parametrize(
    "person",
    [
        {"sub": "1", "email": "nobody@example.com", "email_verified": True},
        {"sub": "2", "email": "ana@example.com", "email_verified": False},
        {"sub": "3", "email": "ana@example.com"},
    ],
)
def test_whom_no_admin_has_added_or_the_issuer_does_not_vouch_for_stays_outside(issuer, person):
    ana = UserFactory(email="ana@example.com")
    issuer.person = person
    client = Client()
    assert "Your admin adds people" in come_back(client).content.decode()
    assert "_auth_user_id" not in client.session
    assert set(User.objects.filter(is_robot=False)) == {ana}


def test_who_is_switched_off_and_answers_to_nobodys_question_stay_outside(issuer):
    UserFactory(email="ana@example.com", is_active=False)
    client = Client()
    assert come_back(client).url == reverse("account_inactive")
    assert come_back(client, state="forged").status_code == 401
    assert "_auth_user_id" not in client.session


def test_saml_has_metadata_and_leads_to_the_provider(settings):
    app = single_sign_on.saml("Company", "https://idp.example.com/sso", "https://idp.example.com/", "MIIC")
    settings.SOCIALACCOUNT_PROVIDERS = {"saml": {"APPS": [app]}}
    settings.ALLOWED_HOSTS = ["desk.example.com"]
    client = Client(headers={"Host": "desk.example.com"})
    metadata = client.get(reverse("saml_metadata", args=["company"])).content.decode()
    assert 'entityID="http://desk.example.com/account/sso/saml/company/metadata/"' in metadata
    assert 'WantAssertionsSigned="true"' in metadata
    assert "Sign in with Company" in client.get(reverse("account_login")).content.decode()
    sent = client.post(reverse("saml_login", args=["company"]) + "?process=login")
    assert sent.headers["Location"].startswith("https://idp.example.com/sso?SAMLRequest=")


def test_a_saml_answer_that_is_not_signed_is_refused(settings):
    app = single_sign_on.saml("Company", "https://idp.example.com/sso", "https://idp.example.com/", "MIIC")
    settings.SOCIALACCOUNT_PROVIDERS = {"saml": {"APPS": [app]}}
    UserFactory(email="ana@example.com")
    settings.ALLOWED_HOSTS = ["desk.example.com"]
    client = Client(headers={"Host": "desk.example.com"})
    forged = "PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxwPSJ1cm46b2FzaXM6bmFtZXM6dGM6U0FNTDoyLjA6cHJvdG9jb2wiLz4="
    answer = client.post(reverse("saml_acs", args=["company"]), {"SAMLResponse": forged}, follow=True)
    assert answer.status_code == 401
    assert "_auth_user_id" not in client.session
