"""What leaves Secondline: to listed hosts alone, to the address that was judged, and for no longer than said."""

import socket
import threading
import time

import pytest

from common import outgoing
from tests.common import hostile

LISTED = [
    "api.example.com", "inside.example.com", "127.0.0.1", "10.0.0.5", "169.254.169.254:80", "[fd00:ec2::254]:80",
    "[fe80::1]:80", "2130706433:80", "0x7f.1:80", "127.1:80", "0177.0.0.1:80", "[::ffff:127.0.0.1]:80",
    "[::ffff:a9fe:a9fe]:80", "0.0.0.0:80", "[::]:80", "0x7f000001:80",
]  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with hostile.serving() as made:
        yield made


@pytest.fixture
def ask(server):
    return lambda path, **more: outgoing.send("GET", server.url + path, allowed=[server.entry], **more)


@pytest.fixture
def names(monkeypatch):
    """What the name server answers, one answer after the other, the last for ever; and what was asked."""
    answers: list[list[str]] = []
    asked: list[str] = []

    def look_up(host, port, *_args, **_more):
        asked.append(host)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip in answer
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    answers.append(["203.0.113.9"])
    return answers, asked


def test_what_is_listed_answers(ask, server):
    answer = ask("/a%20b?q=ä&x=1#part", headers={"X-One": "1"})
    assert (answer.status, answer.body, answer.is_cut) == (200, b"ok", False)
    assert answer.headers["content-TYPE"] == "text/plain"
    assert 0 < answer.seconds < 2
    came = server.requests[-1]
    assert came.startswith(b"GET /a%20b?q=%C3%A4&x=1 HTTP/1.1\r\n")
    assert f"Host: {server.entry}\r\n".encode() in came
    assert b"X-One: 1\r\n" in came


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.com/", "https://api.example.com:8443/", "http://api.example.com/",
        "https://api.example.com.evil.test/", "https://evil-api.example.com/",
    ],
)  # fmt: skip
def test_nobody_else_is_asked_nor_looked_up(url, names):
    with pytest.raises(outgoing.NotAllowedHost, match="OUTGOING_HOSTS"):
        outgoing.send("GET", url, allowed=LISTED)
    assert names[1] == []


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com./", "https://user@api.example.com/", "https://api.example.com@127.0.0.1/",
        "https://api.example.com\\@evil.test/", "https://api.exa\tmple.com/", "https://ａpi.example.com/",
        "https://api。example.com/", "https://аpi.example.com/", "https://api.example.com%2eevil.test/",
        "http://2130706433/", "http://0x7f.1/", "http://0x7f000001/", "http://127.1/", "http://0177.0.0.1/",
        "http://[::ffff:7f00:1%25eth0]/", "ftp://api.example.com/", "file:///etc/passwd", "//api.example.com/",
        "https://api.example.com:0/", "https://api.example.com:99999/", "https://[::1/", "https:///x", "",
        "https://api.example.com/a\r\nX: y",
    ],
)  # fmt: skip
def test_an_odd_spelling_is_refused_and_not_mended(url, names):
    with pytest.raises(outgoing.NotSendable):
        outgoing.send("GET", url, allowed=LISTED)
    assert names[1] == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.5", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1", "192.88.99.1", "::1", "::",  # noqa: S104  none is bound to
        "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:a00:1::", "2001:0:a00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_a_listed_name_that_leads_inside_is_refused(address, names):
    names[0][:] = [["93.184.215.14", address]]
    with pytest.raises(outgoing.NotAllowedHost, match="inside a network"):
        outgoing.send("GET", "https://inside.example.com/", allowed=LISTED)


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fd00:ec2::254]", "[fe80::1]", "[::ffff:a9fe:a9fe]", "0.0.0.0", "[::]"],  # noqa: S104
)
def test_metadata_and_this_machine_in_disguise_are_never_asked_not_even_when_listed(host):
    with pytest.raises(outgoing.OutgoingError) as refused:
        outgoing.send("GET", f"http://{host}/", allowed=LISTED, inside=True)
    assert isinstance(refused.value, outgoing.NotAllowedHost | outgoing.NotSendable)


def test_a_private_address_must_be_listed_with_its_port():
    for url in ("https://127.0.0.1/", "https://10.0.0.5/"):
        with pytest.raises(outgoing.NotAllowedHost, match="inside a network"):
            outgoing.send("GET", url, allowed=LISTED)


def test_a_name_inside_needs_its_address_listed_too_or_the_settings_word(server, names):
    port = server.entry.partition(":")[2]
    names[0][:] = [["127.0.0.1"]]
    url, entry = f"http://logs.internal:{port}/", f"logs.internal:{port}"
    with pytest.raises(outgoing.NotAllowedHost):
        outgoing.send("GET", url, allowed=[entry])
    assert outgoing.send("GET", url, allowed=[entry, server.entry]).status == 200
    assert outgoing.send("GET", url, allowed=[entry], inside=True).status == 200
    assert f"Host: {entry}\r\n".encode() in server.requests[-1]


def test_the_name_is_resolved_once_and_a_second_answer_is_never_asked_for(server, names, monkeypatch):
    connected = []

    class Watched(socket.socket):
        def connect(self, address):
            connected.append(address[0])
            raise ConnectionRefusedError

    names[0][:] = [["93.184.215.14"], ["127.0.0.1"]]
    monkeypatch.setattr(socket, "socket", Watched)
    with pytest.raises(outgoing.Unreachable):
        outgoing.send("GET", "https://api.example.com/", allowed=LISTED)
    assert names[1] == ["api.example.com"]
    assert connected == ["93.184.215.14"]


def test_a_name_server_that_hangs_is_not_waited_for(monkeypatch):
    held = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: held.wait(5) and [])
    with pytest.raises(outgoing.TooSlow) as late:
        outgoing.send("GET", "https://api.example.com/", allowed=LISTED, within=0.1)
    held.set()
    assert not late.value.was_sent


def test_a_redirect_is_an_answer_and_not_followed(ask, server):
    before = len(server.requests)
    answer = ask("/redirect")
    assert (answer.status, answer.headers["Location"]) == (302, "http://169.254.169.254/")
    assert len(server.requests) == before + 1


def test_errors_are_answers_too(ask):
    answer = ask("/500")
    assert (answer.status, answer.body) == (500, b"sick")


@pytest.mark.parametrize("path", ["/drip", "/drip-head", "/hang"])
def test_the_deadline_holds_for_the_whole(path, ask):
    began = time.monotonic()
    with pytest.raises(outgoing.TooSlow, match="within 1 seconds") as late:
        ask(path, within=1.0)
    assert 0.9 < time.monotonic() - began < 4
    assert late.value.was_sent


@pytest.mark.parametrize(("path", "letter"), [("/never-ending", b"x"), ("/gzip-bomb", b"\0")])
def test_a_body_without_an_end_is_cut(path, letter, ask):
    answer = ask(path, largest=100_000)
    assert (answer.body, answer.is_cut) == (letter * 100_000, True)


@pytest.mark.parametrize("path", ["/huge-header", "/many-headers", "/nonsense", "/cut"])
def test_what_is_no_answer_says_so(path, ask):
    with pytest.raises(outgoing.Unreachable, match="can't be read") as broken:
        ask(path)
    assert broken.value.was_sent


def test_nobody_there(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        entry = f"127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(outgoing.Unreachable, match="can't be reached") as nobody:
        outgoing.send("POST", f"http://{entry}/", allowed=[entry])
    assert not nobody.value.was_sent
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: (_ for _ in ()).throw(socket.gaierror(8, "no")))
    with pytest.raises(outgoing.Unreachable, match="no machine called"):
        outgoing.send("GET", "https://api.example.com/", allowed=LISTED)


def test_the_certificate_must_be_vouched_for_and_be_the_names_own(tmp_path, names, monkeypatch):
    names[0][:] = [["127.0.0.1"]]
    with hostile.serving(certificate_for="api.example.com", folder=tmp_path) as secure:
        port = secure.entry.partition(":")[2]

        def ask(host):
            return outgoing.send("GET", f"https://{host}:{port}/", allowed=[f"{host}:{port}"], inside=True)

        with pytest.raises(outgoing.Unreachable, match="can't be trusted"):
            ask("api.example.com")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        assert ask("api.example.com").body == b"ok"
        with pytest.raises(outgoing.Unreachable, match="can't be trusted"):
            ask("other.example.com")


@pytest.mark.parametrize(
    ("name", "value"),
    [("Host", "evil.test"), ("Transfer-Encoding", "chunked"), ("content-length", "3"), ("A b", "1"),
     ("X", "1\r\nY: 2"), ("X", "\0"), ("X", "ä")],
)  # fmt: skip
def test_headers_that_would_change_the_request_itself_are_refused(name, value, ask):
    with pytest.raises(outgoing.NotSendable):
        ask("/", headers={name: value})


def test_methods_and_bodies(server):
    answer = outgoing.send("POST", server.url, allowed=[server.entry], body=b"{}")
    assert answer.status == 200
    assert b"Content-Length: 2\r\n" in server.requests[-1]
    with pytest.raises(outgoing.NotSendable):
        outgoing.send("CONNECT", server.url, allowed=[server.entry])


def test_no_proxy_of_the_environment_is_taken(ask, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert ask("/").status == 200


def test_the_settings_list_is_the_rule(server, settings):
    settings.OUTGOING_HOSTS = []
    with pytest.raises(outgoing.NotAllowedHost):
        outgoing.send("GET", server.url)
    settings.OUTGOING_HOSTS = [server.entry]
    assert outgoing.send("GET", server.url).status == 200
    assert outgoing.entry_of("https://API.example.com/x") == "api.example.com"
    outgoing.check(server.url)
