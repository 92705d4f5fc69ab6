"""Requests from a ticket: read at once; write after a lead who did not make it has approved just this one.

The row comes first, committed; then, outside of any transaction, the request goes out once. A write carries
an Idempotency-Key of its own. When nobody knows what became of it, it says so, and is never sent again by itself.
"""

import hashlib
import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts import people, proof
from accounts.models import User
from common import clock, outgoing
from common.errors import DomainError, NotAllowed, Refused
from escalations.access import Party, parties, works_on
from escalations.changes import lock
from escalations.models import Ticket
from events import recording
from investigations.console import composing, echoes, environments
from investigations.console.composing import Composed
from investigations.console.environments import Headers, Way
from investigations.models import READING, WRITING, Run, RunState
from investigations.webhooks.signatures import sign

SUBJECT = "api_run"
MADE, APPROVED, REJECTED, ENDED = "api_run.made", "api_run.approved", "api_run.rejected", "api_run.ended"
WITHDRAWN, EXPIRED = "api_run.withdrawn", "api_run.expired"
WITHIN = 10.0  # seconds
LARGEST = 1024 * 1024  # bytes
LONGEST_KEPT = 200_000  # characters
MOST_RUNS = 500
#: How long a write waits for a decision; sensitive actions wait as long unless their policy says otherwise.
GOOD_FOR = timedelta(hours=24)
PRIVATE = {
    "set-cookie", "authorization", "www-authenticate", "proxy-authenticate",
    "cookie", "proxy-authorization",  # of webhooks: a browser that is signed in sends its session along
}  # fmt: skip


@transaction.atomic
def make(ticket: Ticket, composed: Composed, *, by: User, reason: str = "") -> Run:
    """Keep a request that is about to be sent, or, if it writes, waits for approval.

    Raises Absent, NotAllowed, or Refused naming the field.
    """
    locked = lock(ticket, by=by)
    if not works_on(by, locked):
        raise NotAllowed(_("You may not send requests for this escalation."))
    writes = composed.method in WRITING
    _must_be_usable(locked, composed)
    composing.judge(composed)
    why = redaction.clean(reason).strip()[:500]
    if writes and not why:
        raise Refused(_("Say why this must be written: whoever approves it reads that."), field="reason")
    if Run.objects.filter(ticket=locked).count() >= MOST_RUNS:
        raise Refused(_("An escalation can have at most %d requests.") % MOST_RUNS)
    now = clock.now()
    run = Run.objects.create(
        ticket=locked, environment=composed.environment, environment_version=composed.environment.version,
        method=composed.method, path=composed.path, headers=composed.headers, body=composed.body, reason=why,
        digest=composed.digest, key=uuid.uuid4(), state=RunState.WAITING if writes else RunState.SENDING,
        made_by=by, made_at=now, expires_at=now + GOOD_FOR if writes else None,
    )  # fmt: skip
    _record(MADE, run, by=by, method=run.method, digest=run.digest)
    return run


def _must_be_usable(ticket: Ticket, composed: Composed) -> None:
    if not environments.usable(ticket).filter(pk=composed.environment.pk).exists():
        raise Refused(_("This environment is not for escalations of this team."), field="environment")


def may_decide(user: User, run: Run) -> bool:
    """Tell whether the person may approve or reject it: a lead of the ticket's team who did not make it."""
    return (
        run.outcome == RunState.WAITING
        and run.made_by_id != user.pk
        and not user.is_auditor
        and Party.LEAD in parties(user, run.ticket)
    )


@transaction.atomic
def approve(run: Run, *, by: User, digest: str, proof_given: proof.Proof | None) -> Run:
    """Approve the request that `digest` names; it is to be sent now. Raises NotAllowed or Refused."""
    locked = _to_decide(run, by)
    _must_be_usable(locked.ticket, composed_of(locked))  # the escalation may have changed teams since
    proof.check(proof_given, by, _("Prove first that it is you: with your password or a code."))
    if digest != locked.digest or composed_of(locked).digest != locked.digest:
        raise Refused(_("The request or its environment was changed since. It has to be made anew."))
    composing.judge(composed_of(locked))
    locked.state = RunState.SENDING
    _decide(locked, by, "")
    _record(APPROVED, locked, by=by, digest=locked.digest)
    return locked


@transaction.atomic
def reject(run: Run, *, by: User, why: str) -> Run:
    """Say no, with a reason. Raises NotAllowed or Refused."""
    locked = _to_decide(run, by)
    said = redaction.clean(why).strip()[:500]
    if not said:
        raise Refused(_("Say why not."), field="why")
    locked.state = RunState.REJECTED
    _decide(locked, by, said)
    _record(REJECTED, locked, by=by)
    return locked


@transaction.atomic
def withdraw(run: Run, *, by: User) -> Run:
    """Have it not be sent after all, which is its maker's to say. Raises NotAllowed or Refused."""
    locked = _waiting(run, by)
    if locked.made_by_id != by.pk:
        raise NotAllowed(_("Only whoever made it withdraws it."))
    locked.state, locked.decided_at = RunState.WITHDRAWN, clock.now()
    locked.save(update_fields=["state", "decided_at"])
    _record(WITHDRAWN, locked, by=by)
    return locked


def expire_overdue() -> int:
    """End what nobody decided about in time; return how many."""
    overdue = Run.objects.filter(state=RunState.WAITING, expires_at__lte=clock.now()).order_by("expires_at")
    return sum(_expire(number) for number in overdue.values_list("pk", flat=True)[:500])


@transaction.atomic
def _expire(number: int) -> bool:
    locked = Run.objects.select_for_update().filter(pk=number, state=RunState.WAITING).first()
    if locked is None:  # decided at this moment
        return False
    locked.state, locked.decided_at = RunState.EXPIRED, clock.now()
    locked.save(update_fields=["state", "decided_at"])
    _record(EXPIRED, locked, by=people.system())
    return True


def _waiting(run: Run, by: User) -> Run:
    ticket = lock(run.ticket, by=by)
    locked = Run.objects.select_for_update(of=("self",)).select_related("environment").get(pk=run.pk)
    locked.ticket = ticket
    if locked.outcome == RunState.EXPIRED:
        raise Refused(_("Nobody decided about it in time. It has to be made anew."))
    if locked.state != RunState.WAITING:
        raise Refused(_("It was decided about meanwhile."))
    return locked


def _to_decide(run: Run, by: User) -> Run:
    locked = _waiting(run, by)
    if not may_decide(by, locked):
        raise NotAllowed(_("Another lead of the team decides about this, not whoever made it."))
    return locked


def _decide(run: Run, by: User, why: str) -> None:
    run.decided_by, run.decided_at, run.decided_digest, run.decided_why = by, clock.now(), run.digest, why
    run.save()


def composed_of(run: Run) -> Composed:
    """Return what a run sends."""
    return Composed(run.environment, run.method, run.path, run.headers, run.body)


def send(run: Run, *, by: User) -> None:
    """Send a run that is to be sent, unless it was sent already. Not within a transaction."""
    claimed = Run.objects.filter(pk=run.pk, state=RunState.SENDING, sent_at=None).update(sent_at=clock.now())
    if not claimed:
        return
    run = Run.objects.select_related("environment", "ticket").get(pk=run.pk)
    state, columns = RunState.FAILED, dict[str, object]()
    try:
        composed = composed_of(run)
        if composed.digest != run.digest:
            raise Refused(_("The environment was changed since. It has to be made anew."))
        _must_be_usable(run.ticket, composed)
        way = environments.way(run.environment)
        answer = _ask(run, composed, way)
        state, columns = RunState.ANSWERED, _kept(answer, way)
    except outgoing.OutgoingError as error:
        state = RunState.UNKNOWN if error.was_sent and run.method not in READING else RunState.FAILED
        columns = {"trouble": str(error)[:500]}
    except DomainError as error:
        columns = {"trouble": str(error)[:500]}
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(state=state, **columns)
        _record(ENDED, run, by=by, state=state.value, status=columns.get("status"))


def _ask(run: Run, composed: Composed, way: Way) -> outgoing.Answer:
    headers = {name: way.fill(value) for name, value in composed.all_headers.items()}
    if run.is_write:
        headers = {name: value for name, value in headers.items() if name.lower() != "idempotency-key"}
        headers["Idempotency-Key"] = str(run.key)
    is_json = any(name.lower() == "content-type" and "json" in value for name, value in headers.items())
    body = (way.fill_json(run.body) if is_json else way.fill(run.body)).encode()
    signing = environments.signing(run.environment, way) if run.is_write else None
    if signing:  # anew, over the very bytes that go out: a signature that came with it is of another moment
        own = next((text for name, text in headers.items() if name.lower() == signing.id_name.lower()), "")
        signed = sign(signing, body, clock.now().timestamp(), identifier=own or str(run.key))
        ours = {name.lower() for name in signed}
        headers = {name: value for name, value in headers.items() if name.lower() not in ours} | signed
    return outgoing.send(
        run.method, way.base_url + way.fill_path(run.path), headers=headers, body=body,
        within=WITHIN, largest=LARGEST, allowed=way.allowed, inside=way.inside,
    )  # fmt: skip


def _kept(answer: outgoing.Answer, way: Way) -> dict[str, object]:
    """Return the columns of an answer: redacted, and without the secrets that it may have echoed."""
    text = readable(answer.body)
    cleaned = redaction.clean(echoes.without(text, way.values)) if text is not None else ""
    return {
        "status": answer.status,
        "answer_headers": cleaned_headers(
            (name, echoes.without(value, way.values)) for name, value in answer.headers.items()
        ),
        "answer_body": cleaned[:LONGEST_KEPT],
        "answer_size": len(answer.body),
        "answer_sha256": hashlib.sha256(answer.body).hexdigest(),
        "is_cut": answer.is_cut or len(cleaned) > LONGEST_KEPT,
        "seconds": answer.seconds,
    }


def readable(body: bytes) -> str | None:
    """Return the text that a body is; None if it is none, as a picture."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        if error.start > len(body) - 4:  # cut within a letter
            text = body[: error.start].decode()
        elif b"\x00" in body:
            return None
        else:
            text = body.decode("cp1252", "replace")
    return text.replace("\x00", "�")


def cleaned_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return headers as they may be kept."""
    found = []
    for name, value in list(headers)[:100]:
        if name.lower() in PRIVATE:
            found.append([name[:100], "••••••"])
        else:
            line = redaction.clean(f"{name}: {value}".replace("\x00", "�"))
            found.append([name[:100], line.partition(": ")[2][:4000]])
    return found


def _record(kind: str, run: Run, *, by: User, **data: object) -> None:
    recording.record(kind, subject=(SUBJECT, run.pk), by=by, data={"ticket": run.ticket_id, **data})
