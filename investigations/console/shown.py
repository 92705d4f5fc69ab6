"""A request and its answer as text for people: indented, as curl, beside an earlier one. Never as HTML."""

import json
import re
import shlex

from common.texts import storable
from investigations.console import environments
from investigations.console.runs import composed_of
from investigations.models import Run, Scheme
from investigations.webhooks.signatures import Signing

_TAG = re.compile(r"(<[^>]*>)")
_LONGEST = 200_000


def pretty(text: str) -> str:
    """Return JSON and XML indented; whatever else, or what is cut, as it is."""
    bare = text.strip()
    if bare[:1] in {"{", "["}:
        try:
            return storable(json.dumps(json.loads(bare), indent=2, ensure_ascii=False))
        except (ValueError, RecursionError):
            return text
    if bare.startswith("<") and not re.match(r"<!doctype html|<html", bare, re.IGNORECASE):
        return _indented(bare)
    return text


def _indented(text: str) -> str:
    """Return XML with a line for each tag. It is split, not parsed, so that no entity is ever expanded."""
    lines, depth = [], 0
    parts = [part.strip() for part in _TAG.split(text[:_LONGEST]) if part.strip()]
    for part in parts:
        if part.startswith("</"):
            depth = max(0, depth - 1)
        lines.append("  " * min(depth, 40) + part)
        if part.startswith("<") and not part.startswith(("</", "<?", "<!")) and not part.endswith("/>"):
            depth += 1
    return "\n".join(lines)


def headers_text(headers: list[list[str]]) -> str:
    """Return headers, a line each."""
    return "\n".join(f"{name}: {value}" for name, value in headers)


def sent_headers(run: Run) -> str:
    """Return the headers that are sent, the environment's among them, secrets as {{NAME}}."""
    return headers_text([[name, value] for name, value in _headers(run).items()])


def _headers(run: Run) -> dict[str, str]:
    """Return the headers that are sent; the signature, which is made as it goes out, as {{SIGNATURE}}."""
    headers = composed_of(run).all_headers
    scheme = Scheme(run.environment.scheme)
    if not run.is_write or scheme == Scheme.NONE:
        return headers
    name = Signing(scheme, "", run.environment.signing_header).name
    return {key: value for key, value in headers.items() if key.lower() != name.lower()} | {name: "{{SIGNATURE}}"}


def answer_text(run: Run) -> str:
    """Return what came back, as runs are compared: status, type and body."""
    types = [value for name, value in run.answer_headers if name.lower() == "content-type"]
    return f"{run.status or run.trouble}\n{''.join(types[:1])}\n\n{pretty(run.answer_body)}"


def curl(run: Run) -> str:
    """Return the command that sends the same, with {{NAME}} where a secret belongs."""
    words = (
        ["curl", "--globoff", "--request", run.method] if run.method != "HEAD" else ["curl", "--globoff", "--head"]
    )
    lines = [shlex.join(words), shlex.quote(environments.base_url(run.environment) + run.path)]
    headers = _headers(run) | ({"Idempotency-Key": str(run.key)} if run.is_write else {})
    lines += [f"--header {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()]
    if run.body:
        lines.append(f"--data-raw {shlex.quote(run.body)}")
    return " \\\n  ".join(lines)


def evidence_text(run: Run) -> str:
    """Return a request and its answer as evidence quotes them."""
    address = environments.base_url(run.environment) + run.path
    asked = "\n\n".join(part for part in (headers_text(run.headers), run.body) if part)
    answered = "\n\n".join(part for part in (headers_text(run.answer_headers), pretty(run.answer_body)) if part)
    return f"{run.method} {address}\n{asked}\n\n{run.status or run.trouble}\n{answered}".replace("\n\n\n", "\n\n")
