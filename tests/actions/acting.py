"""The shortest ways to bring a sensitive action into a state."""

import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from accounts import people
from accounts.models import User
from accounts.proof import PASSWORD, Proof
from actions import execution, lifecycle
from actions.account_facts import Account
from actions.facts import Facts
from actions.models import Action
from common import clock
from escalations.models import Ticket
from points import ledger
from tests.escalations.desk import Desk

_numbers = itertools.count(1)


def known(**changes: Any) -> Facts:
    """What the back office knows of an account that nothing is wrong with."""
    facts: dict[str, Any] = {
        "reference": "C-1",
        "status": "active",
        "opened": clock.now() - timedelta(days=900),
        "kyc_level": 2,
        "phone": "•••123",
        "phone_changed_at": None,
        "address_changed_at": None,
        "credit_limit": 1_000_000,
        "currency": "PHP",
        "sign_ins": (),
        "told": frozenset({"phone_changed_at", "address_changed_at"}),
    }
    return Facts(account=Account(**{**facts, **changes}))


SILENT = Facts(is_silent=True)


def proof(user: User) -> Proof:
    return Proof(user.pk, PASSWORD, clock.now())


def spent(points: int = 1_000_000, account: str = "C-1", original: str = "") -> str:
    """Let an account have spent points, and return the reference."""
    original = original or f"ORD-{next(_numbers)}"
    ledger.spend(account=account, points=points, key=original, by=people.system())
    return original


def refund(points: int = 100, original: str = "", **changes: Any) -> dict[str, Any]:
    """Return the payload of a refund of points that were spent."""
    original = original or spent()
    return {"account": "C-1", "original": original, "points": str(points), "reason": "failed", **changes}


OWED = {"proof": {"text": "The shop cancelled the order."}}


@dataclass
class Acting:
    """A ticket being worked at a small desk, and actions on it."""

    desk: Desk
    ticket: Ticket = field(init=False)

    def __post_init__(self) -> None:
        self.ticket = self.desk.started()

    def drafted(self, kind: str = "points_refund", payload: Any = None, evidence: Any = None) -> Action:
        return lifecycle.draft(
            self.ticket, kind, payload or refund(), OWED if evidence is None else evidence, by=self.desk.l2
        )

    def requested(self, action: Action | None = None, facts: Facts | None = None, **draft: Any) -> Action:
        return lifecycle.request(action or self.drafted(**draft), facts or known(), by=self.desk.l2)

    def approved(self, action: Action | None = None, **draft: Any) -> Action:
        action = action or self.requested(**draft)
        return lifecycle.approve(
            action, known(), by=self.desk.lead, digest=action.digest, proof_given=proof(self.desk.lead)
        )

    def executing(self, action: Action | None = None, **draft: Any) -> Action:
        action = action or self.approved(**draft)
        execution.begin(action)
        action.refresh_from_db()
        return action
