"""What a rule says about a case: pass, fail or unknown, and why."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Policy = Mapping[str, Any]
Sentences = Mapping[str, "str | Promise"]


class Result(StrEnum):
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNKNOWN = "unknown"


RESULT_LABELS: dict[str, str | Promise] = {
    Result.PASS: _("Pass"),
    Result.FAIL: _("Fail"),
    Result.UNKNOWN: _("Unknown"),
}


@dataclass(frozen=True)
class Answer:
    """One rule's answer. `said` names its sentence, `values` are what stands in it: any language can say it."""

    rule: str
    result: str  # of Result
    said: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Why, in the language of whoever reads."""
        return str(SENTENCES.get(self.said, self.said)) % self.values

    @property
    def label(self) -> str:
        """What the rule is called."""
        return str(LABELS.get(self.rule, self.rule))

    @property
    def result_label(self) -> str:
        return str(RESULT_LABELS[self.result])

    def kept(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {"rule": self.rule, "result": str(self.result), "said": self.said, "values": self.values}

    @classmethod
    def stored(cls, kept: Mapping[str, Any]) -> "Answer":
        return cls(kept["rule"], kept["result"], kept["said"], dict(kept["values"]))


#: The sentences and names of all rules; the modules of rules bring theirs in when they are imported.
SENTENCES: dict[str, str | Promise] = {
    "count.known": _("%(count)s within %(days)s days; at most %(most)s allowed."),
    "count.unknown": _("Not known; at most %(most)s within %(days)s days allowed."),
    "count.incomplete": _(
        "%(count)s known, but not everything of the last %(days)s days; at most %(most)s allowed."
    ),
}
LABELS: dict[str, str | Promise] = {}


def bring_in(labels: Sentences, sentences: Sentences) -> None:
    """Make rules' names and sentences known."""
    LABELS.update(labels)
    SENTENCES.update(sentences)


def worst(answers: Iterable[Answer]) -> Result:
    """Return fail if any rule fails, else unknown if any is, else pass; of no rules nobody knows."""
    results = {answer.result for answer in answers}
    if Result.FAIL in results:
        return Result.FAIL
    return Result.UNKNOWN if Result.UNKNOWN in results or not results else Result.PASS


def at_most(
    rule: str,
    most: int,
    moments: Iterable[datetime] | None,
    *,
    at: datetime,
    days: int,
    complete_since: datetime | None = None,
) -> Answer:
    """Answer whether at most `most` of `moments` lie within the `days` before `at`.

    Unknown if nobody knows them, or not for all of that time and those that are known are not too many already.
    """
    values: dict[str, Any] = {"most": most, "days": days}
    if moments is None:
        return Answer(rule, "unknown", "count.unknown", values)
    since = at - timedelta(days=days)
    values["count"] = sum(since <= moment <= at for moment in moments)
    if values["count"] > most:
        return Answer(rule, "fail", "count.known", values)
    if complete_since is None or complete_since > since:
        return Answer(rule, "unknown", "count.incomplete", values)
    return Answer(rule, "pass", "count.known", values)


Rule = Callable[[Any, Policy], Answer | None]


def judge(case: Any, policy: Policy, rules: Iterable[Rule]) -> list[Answer]:
    """Return the answer of every rule that the policy has."""
    return [answer for rule in rules if (answer := rule(case, policy)) is not None]
