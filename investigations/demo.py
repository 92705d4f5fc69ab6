"""The demo's logs: a payments service on a quiet hour, which is its normal, and in the hour of an outage.

The outage is of the hour in which the case's own transaction failed, and the log has that, too.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO

from escalations.demo import failed_transaction, moment_of
from escalations.demo_board import SUSPICION
from events.models import Delivery
from investigations import analysing, evidence, keeping, lines, recognising
from investigations.lines import Asked
from investigations.models import Log

SERVICE = "payments"
_CHARGES = 900
_OWN = 450  # the place of the case's own transaction
_EVERY = 8.0  # seconds at most from one charge to the next
_SEED = 7


def lay_out(_now: datetime) -> list[Log]:
    """Give the newest open escalation about a transaction its logs; none where there is no such escalation."""
    case = failed_transaction()
    if case is None:
        return []
    ticket, owner = case
    chance = random.Random(_SEED)  # noqa: S311  a story, no secret
    begins = moment_of(ticket) - timedelta(seconds=_OWN * _EVERY / 2)
    own = ticket.transaction_ref or f"TXN-{ticket.pk}"
    logs = []
    for name, since, failed in (
        ("payments-gateway-normal.log", begins - timedelta(days=1), ""),
        ("payments-gateway.log", begins, own),
    ):
        content = "\n".join(_lines(chance, since, failed)).encode()
        logs += keeping.add(ticket, BytesIO(content), name, by=owner, zone="UTC", service=SERVICE)
    for log in logs:
        analysing.run(log)
    Delivery.objects.filter(consumer=analysing.CONSUMER).delete()  # they are analysed
    normal = Log.objects.select_related("ticket").get(pk=logs[0].pk)
    recognising.set_normal(normal, by=owner, normal=True)
    outage = Log.objects.select_related("ticket").get(pk=logs[-1].pk)
    silent = lines.find([outage], Asked(text=own)).page(0, 2)
    evidence.add(ticket, silent, by=owner, suspicion=SUSPICION)
    return logs


def _lines(chance: random.Random, begins: datetime, failed: str) -> Iterator[str]:
    """Yield the lines of an hour; if a transaction `failed` in it, of one with an outage."""
    at = begins
    for number in range(_CHARGES):
        at += timedelta(seconds=chance.uniform(0, _EVERY))
        when = f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03}"
        gateway, request = (
            f"[http-{number % 8}] payments.gateway -",
            f"request_id=req_{chance.getrandbits(40):010x}",
        )
        yield f"{when} INFO  {gateway} POST /v1/charges {request} amount={chance.randint(100, 99999) / 100:.2f}"
        outage = bool(failed) and 380 < number < 520
        if failed and number == _OWN:
            yield f"{when} ERROR {gateway} acquirer did not answer {request} transaction_id={failed}"
        elif outage and chance.random() < 0.5:
            code, charge = chance.choice(["91", "91", "91", "05", "51"]), f"ch_{chance.getrandbits(48):012x}"
            yield f"{when} ERROR {gateway} charge {charge} declined response_code={code} {request}"
        elif outage and chance.random() < 0.2:
            yield f"{when} ERROR {gateway} acquirer did not answer {request}"
            yield "java.net.SocketTimeoutException: Read timed out"
            yield f"    at com.acquirer.client.Channel.read(Channel.java:{chance.choice([88, 112])})"
        else:
            milliseconds = chance.randint(40, 900)
            yield f"{when} INFO  {gateway} charge approved response_code=00 {request} in {milliseconds} ms"
        if chance.random() < 0.02:
            delivery = f"returned {503 if outage else 200} delivery_id=dlv_{number:05}"
            yield f"{when} INFO  [hooks-2] webhooks.sender - POST to the shop {delivery}"
        if failed and number == _CHARGES - 1:
            yield f"{when} ERROR [hooks-1] webhooks.verify - Signature verification failed: HMAC mismatch"
