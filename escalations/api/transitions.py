"""From a verb in JSON to the domain function that carries it out."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import Refused
from escalations import escalating, lifecycle, merging, triage
from escalations.api.serializers import reason_id
from escalations.escalating import Contract
from escalations.models import ReasonKind, Ticket
from escalations.similar import exact_reference
from escalations.transitions import Verb
from escalations.triage import Review

Given = dict[str, Any]


def make(ticket: Ticket, given: Given, *, by: User) -> Ticket:
    """Make the transition `given["verb"]`. Raises what the domain function raises."""
    verb = Verb(given["verb"])
    version = given.get("version")
    if verb == Verb.ACCEPT:
        corrections = {name: given.get(name) for name in ("category", "priority", "team")}
        return triage.accept(ticket, by=by, review=_review(given), version=version, **corrections)
    if verb == Verb.RETURN:
        return triage.return_to_l1(
            ticket,
            by=by,
            review=_review(given),
            reason=reason_id(ReasonKind.RETURN, given.get("reason")),
            missing=given.get("missing", ""),
            version=version,
        )
    if verb == Verb.RESUBMIT:
        if "contract" not in given:
            raise Refused(_("The completed contract is needed."), field="contract")
        return escalating.resubmit(ticket, Contract(**given["contract"]), by=by, version=version)
    return _FUNCTIONS[verb](ticket, by=by, version=version, **_needs(verb, given, by))


_FUNCTIONS: dict[Verb, Callable[..., Ticket]] = {
    Verb.START: lifecycle.start,
    Verb.WAIT_CUSTOMER: lifecycle.wait_for_customer,
    Verb.WAIT_L1: lifecycle.wait_for_l1,
    Verb.WAIT_PARTNER: lifecycle.wait_for_partner,
    Verb.RESUME: lifecycle.resume,
    Verb.RESOLVE: lifecycle.resolve,
    Verb.CLOSE: lifecycle.close,
    Verb.REOPEN: lifecycle.reopen,
    Verb.CANCEL: lifecycle.cancel,
    Verb.MERGE: merging.merge,
    Verb.UNMERGE: merging.unmerge,
}


def _needs(verb: Verb, given: Given, by: User) -> Given:
    message = {"message": given.get("message", "")}
    if verb == Verb.WAIT_CUSTOMER:
        return {**message, "promise": given.get("promised_for")}
    if verb == Verb.WAIT_L1:
        return message
    if verb == Verb.WAIT_PARTNER:
        return {**message, "partner": given.get("partner")}
    if verb == Verb.RESOLVE:
        cause = given.get("root_cause")
        return {
            "resolution": reason_id(ReasonKind.RESOLUTION, given.get("resolution")),
            "root_cause": cause.pk if cause else None,
            "answer_to_l1": given.get("answer_to_l1", ""),
            "answer_to_customer": given.get("answer_to_customer", ""),
        }
    if verb == Verb.REOPEN:
        return {
            "reason": reason_id(ReasonKind.REOPEN, given.get("reason")),
            "explanation": given.get("explanation", ""),
        }
    if verb == Verb.CANCEL:
        return {"reason": reason_id(ReasonKind.CANCEL, given.get("reason"))}
    if verb == Verb.MERGE:
        number = exact_reference(given.get("target", ""))
        return {"target": Ticket.objects.visible_to(by).filter(pk=number or 0).first()}
    if verb == Verb.UNMERGE:
        return {"explanation": given.get("explanation", "")}
    return {}


def _review(given: Given) -> Review:
    if "review" not in given:
        raise Refused(_("Rate the escalation: complete, right category, could L1 have solved it."), field="review")
    return Review(**given["review"])
