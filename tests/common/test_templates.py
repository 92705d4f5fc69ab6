"""What holds for every template: it compiles, and it brings nothing inline."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.test import Client, RequestFactory

FOLDER = Path(settings.BASE_DIR) / "templates"
HTML = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))

INLINE = re.compile(
    r"""<[a-z][^>]*\s(?:style|on[a-z]+|hx-on[:\w-]*)\s*=   # attributes the policy refuses
      | <style\b
      | <script\b(?![^>]*\bsrc=)(?![^>]*application/json)  # code in the page
      | javascript:
      | hx-vals=["']js:""",
    re.VERBOSE | re.IGNORECASE,
)


@pytest.mark.parametrize("name", HTML)
def test_it_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", [name for name in HTML if "email" not in name])
def test_nothing_is_inline(name: str) -> None:
    found = INLINE.search((FOLDER / name).read_text())
    assert found is None, f"{name}: {found.group()!r} would be refused by the content security policy"


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "413", "429", "500"])
def test_an_error_page_needs_nothing_and_says_what_to_do(name: str) -> None:
    html = get_template(f"{name}.html").render()
    assert "<h1>" in html
    assert "Go to the start page" in html


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><x', "auto"), ("", "auto")]
)
def test_the_server_draws_the_chosen_theme(cookie: str, theme: str) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = cookie
    html = get_template("layouts/entrance.html").render({}, request)
    assert f'data-bs-theme="{theme}"' in html


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/account/login/", "/account/password/reset/", "/account/password/reset/done/"])
def test_entrance_pages_open_without_signing_in(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert b'class="entrance' in response.content
