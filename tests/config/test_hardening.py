"""What a browser is told, and what Django's own check for deployment finds: nothing."""

import os
import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
from django.test import Client

from config import single_sign_on

BASE_DIR = Path(__file__).resolve().parents[2]
ASKED = """
import sys
from django.core.management import call_command
from config.wsgi import application
from django.conf import settings
call_command("check", deploy=True, fail_level="WARNING")
from django.test import Client
answer = Client(headers={"Host": "desk.example.com"}).get("/account/inactive/", secure=True)
for name, value in answer.headers.items():
    print(f"{name}: {value}")
print(answer.cookies.output())
print("session:", settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_DOMAIN)
"""


@pytest.mark.django_db
def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere():
    first, second = (Client().get("/account/login/").headers["Content-Security-Policy"] for _ in range(2))
    assert "unsafe" not in first
    assert "*" not in first
    nonces = [set(re.findall(r"'nonce-([^']+)'", policy)) for policy in (first, second)]
    assert all(len(nonce) <= 1 for nonce in nonces)
    for directive in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in first


def test_no_template_of_ours_has_anything_inline():
    inline = re.compile(r"<script(?![^>]*\bsrc)[^>]*>|\son\w+=\"|<style|\sstyle=\"", re.IGNORECASE)
    for path in (BASE_DIR / "templates").rglob("*.html"):
        found = inline.findall(path.read_text())
        assert not found, f"{path}: {found}"


def test_over_https_the_deployment_check_is_silent_and_cookies_are_bound_to_the_host():
    done = subprocess.run(
        [sys.executable, "-c", ASKED],
        cwd=BASE_DIR,
        env={
            **{name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"},
            "SITE_URL": "https://desk.example.com", "ALLOWED_HOSTS": "desk.example.com",
            "SECRET_KEY": "b3f7a91c" * 8, "DEBUG": "false",
            "AUDIT_KEYS": f"test:{b64encode(bytes(range(32))).decode()}",
            "COMPLIANCE_KEYS": f"test:{b64encode(bytes(range(64, 96))).decode()}",
            "AUDIT_SIGNING_KEYS": f"test:{b64encode(bytes(range(32, 64))).decode()}",
        },
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "no issues" in done.stdout
    assert "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload" in done.stdout
    cookie = re.search(r"Set-Cookie: __Host-csrf=.*", done.stdout)
    assert cookie
    for part in ("Secure", "HttpOnly", "Path=/"):
        assert part in cookie[0]
    assert "Domain" not in cookie[0]
    assert "session: __Host-session True None" in done.stdout


def test_a_form_may_lead_to_the_single_sign_on():
    assert single_sign_on.origins("https://login.example.com/realms/desk", "") == ["https://login.example.com"]
