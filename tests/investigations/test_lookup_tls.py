"""Databases are asked over TLS, and only where their certificate is trusted for their name."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from investigations.lookups import asking, place
from investigations.lookups.answer import NoAnswer
from investigations.models import LookupKind, LookupSource, LookupTrouble
from tests.escalations.imap import certificate
from tests.investigations.test_lookup_sources import GREETING


@dataclass
class Database:
    """Speaks either protocol until it is encrypted. `heard` is what came within TLS, `bare` what came without."""

    port: int
    heard: list[bytes] = field(default_factory=list)
    bare: list[bytes] = field(default_factory=list)


@contextmanager
def serving(kind: str, folder: Path, *, speaks_tls: bool = True) -> Iterator[Database]:
    """Serve with a certificate of 127.0.0.1 that signed itself: `certificate.pem` in the folder."""
    key, own = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Database(listener.getsockname()[1])
        listener.settimeout(10)

        def answer() -> None:
            with suppress(OSError), listener.accept()[0] as line:
                line.settimeout(5)
                if kind == LookupKind.MYSQL:
                    flags = b"\xff\xff" if speaks_tls else b"\xff\xf7"
                    hello = GREETING.replace(b"\xff\xf7", flags, 1)
                    line.sendall(len(hello).to_bytes(3, "little") + b"\x00" + hello)
                    first = line.recv(36)
                else:
                    first = line.recv(8)
                    line.sendall(b"S" if speaks_tls else b"N")
                if not speaks_tls:
                    made.bare.append(first if kind == LookupKind.MYSQL else line.recv(1000))
                    return
                with context.wrap_socket(line, server_side=True) as safe:
                    made.heard.append(safe.recv(1000))

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield made
        finally:
            with suppress(OSError), socket.create_connection(("127.0.0.1", made.port), timeout=1):
                pass  # in case that nobody came
            thread.join()


def trouble(source: LookupSource) -> LookupTrouble:
    with pytest.raises(NoAnswer) as error:
        asking.check(source)
    return error.value.trouble


def source(kind: str, made: Database, settings: Any, behind: str = "") -> LookupSource:
    settings.OUTGOING_HOSTS = [f"127.0.0.1:{made.port}"]
    return LookupSource(name="x", kind=kind, url=f"{kind}://someone@127.0.0.1:{made.port}/d{behind}")


KINDS = [LookupKind.POSTGRESQL, LookupKind.MYSQL]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behind", ["", "?tls=verify-full"])
def test_a_certificate_that_nobody_trusts_ends_it(kind: str, behind: str, tmp_path: Path, settings: Any) -> None:
    with serving(kind, tmp_path) as made:
        assert trouble(source(kind, made, settings, behind)) == LookupTrouble.UNTRUSTED
    assert made.heard == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_companys_own_authority_is_trusted_by_its_file(
    kind: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with serving(kind, tmp_path) as made:
        assert trouble(source(kind, made, settings)) == LookupTrouble.UNREACHABLE  # it hangs up then
    assert b"someone" in made.heard[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_without_tls_is_not_asked_in_clear(kind: str, tmp_path: Path, settings: Any) -> None:
    with serving(kind, tmp_path, speaks_tls=False) as made:
        assert trouble(source(kind, made, settings)) == LookupTrouble.UNTRUSTED
    assert b"someone" not in b"".join(made.bare)


def test_a_certificate_is_not_looked_at_only_where_one_asks_for_that(tmp_path: Path, settings: Any) -> None:
    with serving(LookupKind.POSTGRESQL, tmp_path) as made:
        unchecked = source(LookupKind.POSTGRESQL, made, settings, "?tls=require")
        assert trouble(unchecked) == LookupTrouble.UNREACHABLE
    assert b"someone" in made.heard[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "db.example"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_back_office_of_the_settings_is_checked_as_every_other(
    kind: str, host: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "_first", lambda _host: "127.0.0.1")
    back_office = LookupSource(name="x", kind=kind, is_back_office=True)
    with serving(kind, tmp_path) as made:
        settings.BACK_OFFICE_LOOKUPS_URL = f"{kind}://someone:secret@{host}:{made.port}/d"
        assert trouble(back_office) == LookupTrouble.UNTRUSTED
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with serving(kind, tmp_path) as made:
        settings.BACK_OFFICE_LOOKUPS_URL = f"{kind}://someone:secret@{host}:{made.port}/d"
        expected = LookupTrouble.UNTRUSTED if host == "db.example" else LookupTrouble.UNREACHABLE
        assert trouble(back_office) == expected
