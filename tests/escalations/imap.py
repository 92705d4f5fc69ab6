"""A mailbox that speaks just the IMAP (RFC 3501) that taking in mail needs, over TLS with its own certificate."""

import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Mailbox:
    """What lies in it, who was let in, what it does not hand out, and the file of its certificate."""

    letters: list[bytes]
    certificate: Path
    port: int = 0
    seen: set[int] = field(default_factory=set)
    logins: list[str] = field(default_factory=list)
    withheld: set[int] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"imaps://desk:s%20ecret@127.0.0.1:{self.port}/INBOX"

    def answer(self, command: str) -> tuple[list[bytes], str]:
        """Return the lines that answer a command, and how it ended."""
        verb = command.upper()
        if verb.startswith("CAPABILITY"):
            return [b"* CAPABILITY IMAP4rev1"], "OK"
        if verb.startswith("LOGIN"):
            self.logins.append(command)
            return [], "OK" if command == 'LOGIN desk "s ecret"' else "NO"
        if verb.startswith("SELECT"):
            return [], "OK" if command == 'SELECT "INBOX"' else "NO"
        if verb.startswith("UID SEARCH UNSEEN"):
            unseen = [str(uid) for uid in range(1, len(self.letters) + 1) if uid not in self.seen]
            return [" ".join(["* SEARCH", *unseen]).encode()], "OK"
        if found := re.match(r"UID FETCH (\d+) \((.+)\)", verb):
            if int(found[1]) in self.withheld and "BODY" in verb:
                return [], "NO"
            return [self._fetched(int(found[1]), found[2])], "OK"
        if found := re.match(r"UID STORE (\d+) \+FLAGS .*\\SEEN", verb):
            self.seen.add(int(found[1]))
            return [], "OK"
        return ([b"* BYE"] if verb == "LOGOUT" else []), "OK"

    def _fetched(self, uid: int, part: str) -> bytes:
        letter = self.letters[uid - 1]
        if part == "RFC822.SIZE":
            return b"* %d FETCH (UID %d RFC822.SIZE %d)" % (uid, uid, len(letter))
        return b"* %d FETCH (UID %d BODY[] {%d}\r\n%b)" % (uid, uid, len(letter), letter)


@contextmanager
def serving(folder: Path, letters: list[bytes]) -> Iterator[Mailbox]:
    """Serve a mailbox on a free port."""
    key, own = certificate(folder)
    box = Mailbox(letters, own)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, key)

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK ready\r\n")
            for line in self.rfile:
                tag, _space, command = line.decode().strip().partition(" ")
                said, ended = box.answer(command)
                self.wfile.write(b"".join(one + b"\r\n" for one in said) + f"{tag} {ended} done\r\n".encode())
                if command == "LOGOUT":
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, object]:
            plain, address = super().get_request()
            return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that does not trust the certificate hangs up, which is no news."""

    with Server(("127.0.0.1", 0), Session) as server:
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield box
        server.shutdown()


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a key and a certificate of 127.0.0.1 which it signed itself; return both files."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    own = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "key.pem", folder / "certificate.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    files[0].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    files[1].write_bytes(own.public_bytes(pem))
    return files
