"""A server on this machine that answers as badly as somebody may wish, byte by byte."""

import contextlib
import datetime
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@dataclass
class Hostile:
    """`requests`: what arrived, whole. `entry`: how it must be listed."""

    entry: str
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.entry}"


@contextlib.contextmanager
def serving(*, certificate_for: str = "", folder: Path | None = None) -> Iterator[Hostile]:
    """Serve; over TLS where a name is given, whose certificate is put into `folder` as certificate.pem."""
    context = _context(certificate_for, folder) if folder else None
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    hostile = Hostile(f"127.0.0.1:{listener.getsockname()[1]}")
    over = threading.Event()

    def answer(line: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.suppress(OSError))
            stack.enter_context(contextlib.closing(line))
            line.settimeout(5)
            if context:
                line = stack.enter_context(contextlib.closing(context.wrap_socket(line, server_side=True)))
            came = b""
            while b"\r\n\r\n" not in came:
                if not (more := line.recv(65536)):
                    return
                came += more
            hostile.requests.append(came)
            _misbehave(came, line, over)

    def accept() -> None:
        threads = []
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                line, _ = listener.accept()
                threads.append(threading.Thread(target=answer, args=(line,)))
                threads[-1].start()
        for thread in threads:
            thread.join()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield hostile
    finally:
        over.set()
        accepting.join()
        listener.close()


def _context(name: str, folder: Path) -> ssl.SSLContext:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


def _misbehave(came: bytes, line: socket.socket, over: threading.Event) -> None:
    path = came.split(b" ")[1].split(b"?")[0].decode()
    if path == "/never-ending":
        line.sendall(HEAD + b"\r\n")
        while not over.is_set():
            line.sendall(b"x" * 65536)
    elif path == "/drip":
        line.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
        _drip(line, over)
    elif path == "/drip-head":
        line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        _drip(line, over)
    elif path == "/hang":
        over.wait(5)
    elif path == "/huge-header":
        line.sendall(HEAD + b"X-Huge: " + b"x" * 200_000 + b"\r\n\r\n")
    elif path == "/many-headers":
        line.sendall(HEAD + b"X-Many: x\r\n" * 5000 + b"\r\n")
    elif path == "/redirect":
        line.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
    elif path == "/500":
        line.sendall(b"HTTP/1.1 500 Oh no\r\nContent-Length: 4\r\n\r\nsick")
    elif path == "/gzip-bomb":
        line.sendall(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"\0" * 50_000_000, 1))
    elif path == "/nonsense":
        line.sendall(b"SSH-2.0-nothing you know\r\n\r\n")
    elif path == "/cut":
        line.sendall(HEAD + b"Content-Length: 500\r\n\r\nhalf")
    elif path == "/echo":
        line.sendall(HEAD + b"\r\n" + came + b"<script>alert(1)</script> 4111111111111111")
    else:
        line.sendall(HEAD + b"Content-Length: 2\r\n\r\nok")


def _drip(line: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        line.sendall(b"x")
        time.sleep(0.05)
