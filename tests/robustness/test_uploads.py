"""Uploads: refused early when they are too large or too many, and private."""

import io
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from escalations.models import Message
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db
KILOBYTE = 1024


class Untouched(io.RawIOBase):
    """A body that must not be read."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")

    readinto = readline = read  # type: ignore[assignment]


def announce(client: Client, address: str, length: str, content_type: str) -> Any:
    """Send a request that says how long it is, with a body that nobody may touch."""
    return client.post(address, CONTENT_LENGTH=length, CONTENT_TYPE=content_type, **{"wsgi.input": Untouched()})  # type: ignore[arg-type]


MULTIPART = "multipart/form-data; boundary=x"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("role", "length", "content_type"),
    [
        ("l1", str(51 * KILOBYTE**2), MULTIPART),
        ("l1", "9" * 30, MULTIPART),
        ("l1", str(3 * KILOBYTE**2), FORM),
        ("anonymous", str(3 * KILOBYTE**2), MULTIPART),
    ],
)
def test_too_long_a_body_is_refused_before_it_is_read(
    scenario: Scenario, role: str, length: str, content_type: str
):
    address = "/escalate/other/" if role == "l1" else "/account/login/"
    response = announce(scenario.clients[role], address, length, content_type)
    assert response.status_code == 413
    assert "at most 20 MB" in response.content.decode()


def test_too_long_json_is_refused_before_it_is_read(scenario: Scenario):
    response = announce(scenario.clients["l1"], "/api/v1/tickets/", str(3 * KILOBYTE**2), "application/json")
    assert (response.status_code, response.json()["title"]) == (413, "Content Too Large")


def test_a_body_of_unsaid_length_is_refused(scenario: Scenario):
    response = scenario.clients["l1"].post(
        "/escalate/other/",
        HTTP_TRANSFER_ENCODING="chunked",
        CONTENT_LENGTH="",
        CONTENT_TYPE=MULTIPART,
        **{"wsgi.input": Untouched()},  # type: ignore[arg-type]
    )
    assert response.status_code == 411


def write(client: Client, scenario: Scenario, *files: Any, kind: str = "note") -> Any:
    address = f"/tickets/{scenario.ticket.reference}/messages/"
    return client.post(address, {"kind": kind, f"body_{kind}": "With files.", "uploads": list(files)})


def file(name: str = "log.txt", content: bytes = b"a log") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_file_is_stopped_at_the_first_byte_too_many(scenario: Scenario, settings: LazySettings):
    settings.ATTACHMENT_MAX_BYTES = 64 * KILOBYTE
    response = write(scenario.clients["l2"], scenario, file(content=b"x" * (64 * KILOBYTE + 1)))
    assert response.status_code == 413
    assert not Message.objects.filter(body="With files.").exists()


def test_a_file_never_lies_in_clear_in_a_temporary_folder(scenario: Scenario, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("nothing of an upload may be written as it came")

    monkeypatch.setattr("django.core.files.uploadedfile.TemporaryUploadedFile.__init__", refuse)
    response = write(scenario.clients["l2"], scenario, file(content=b"a line\n" * 500_000))
    assert response.status_code == 302
    assert Message.objects.filter(body="With files.").exists()


def test_files_together_are_stopped_at_the_limit(scenario: Scenario, settings: LazySettings):
    settings.ATTACHMENT_MAX_BYTES, settings.UPLOAD_MAX_BYTES = 64 * KILOBYTE, 100 * KILOBYTE
    response = write(scenario.clients["l2"], scenario, *(file(content=b"x" * 60 * KILOBYTE) for _ in range(2)))
    assert response.status_code == 413


@pytest.mark.parametrize(("count", "code"), [(10, 302), (11, 422), (21, 400)])
def test_too_many_files(scenario: Scenario, count: int, code: int):
    assert write(scenario.clients["l2"], scenario, *(file() for _ in range(count))).status_code == code


def test_an_empty_file_is_refused(scenario: Scenario):
    response = write(scenario.clients["l2"], scenario, file(content=b""))
    assert response.status_code == 422
    assert "empty" in response.content.decode()


def test_a_file_of_a_note_is_absent_for_l1(scenario: Scenario):
    address = f"/tickets/{scenario.ticket.reference}/files/{scenario.attachment.pk}/"
    assert scenario.clients["l1"].get(address).status_code == 404
    assert "log.txt" not in scenario.clients["l1"].get(f"/tickets/{scenario.ticket.reference}/").content.decode()
