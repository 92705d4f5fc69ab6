"""Templates that are known: as normal for a service, or as the sign of a known issue."""

from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused
from escalations.access import works_on
from events import recording
from investigations.keeping import SUBJECT
from investigations.logs.analysis import EMPTY
from investigations.logs.templates import VALUE, fits
from investigations.models import IssueTemplate, Log, LogState, LogTemplate
from knowledgebase.models import KnownIssue

NORMAL = "log.normal_set"
LINKED = "log.issue_linked"
#: Characters of a template that can be a sign.
LONGEST_SIGN = 600
_MOST_NORMAL = 20_000


class Known:
    """Texts of templates, and which of them cover a text."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = set(texts)
        #: By how many words they have, and by the first of them.
        self._by_shape: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for text in self._texts:
            words = text.split()
            self._by_shape[len(words)][words[0] if words else ""].append(text)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def covering(self, text: str) -> str | None:
        """Return the template that is, or covers, this one."""
        if text in self._texts:
            return text
        words = text.split()
        shapes = self._by_shape.get(len(words), {})
        first = words[0] if words else ""
        near = [*shapes] if first == VALUE else [first, VALUE]
        return next((one for word in near for one in shapes.get(word, ()) if fits(one, text)), None)


def normal_of(log: Log) -> Known:
    """Return the templates of the service's other logs that are normal; none where nothing is known of it."""
    if not log.service:
        return Known(())
    normal = LogTemplate.objects.filter(log__service=log.service, log__is_normal=True).exclude(log=log.pk)
    return Known(normal.order_by("-log", "place").values_list("text", flat=True)[:_MOST_NORMAL])


@transaction.atomic
def set_normal(log: Log, *, by: User, normal: bool) -> None:
    """Say that what a log holds is normal for its service, or that it is not. Raises NotAllowed, Refused."""
    if not works_on(by, log.ticket):
        raise NotAllowed(_("You may not change this log."))
    locked = Log.objects.select_for_update().get(pk=log.pk)
    if normal and (locked.state != LogState.DONE or not locked.service):
        raise Refused(_("Only a log that is analysed and of a service can be its normal."))
    if locked.is_normal == normal:
        return
    locked.is_normal = normal
    locked.save(update_fields=["is_normal"])
    recording.record(NORMAL, subject=(SUBJECT, log.pk), by=by, data={"service": locked.service, "normal": normal})


def issues_of(texts: Iterable[str], user: User) -> dict[str, list[KnownIssue]]:
    """Return for each template the known issues that it is a sign of."""
    signs: dict[str, list[KnownIssue]] = defaultdict(list)
    visible = KnownIssue.objects.visible_to(user).defer("search")
    for sign in IssueTemplate.objects.filter(issue__in=visible).select_related("issue").order_by("issue", "pk"):
        signs[sign.text].append(sign.issue)
    known = Known(signs)
    covering = {text: known.covering(text) for text in texts}
    return {text: signs[found] for text, found in covering.items() if found is not None}


@transaction.atomic
def link(template: LogTemplate, issue: KnownIssue, *, by: User) -> IssueTemplate:
    """Say that a template is a sign of a known issue; said twice, it is the same. Raises NotAllowed, Refused."""
    if not works_on(by, template.log.ticket):
        raise NotAllowed(_("You may not change this log."))
    if len(template.text) > LONGEST_SIGN:
        raise Refused(_("This template is too long to be a sign."), field="issue")
    if template.text == EMPTY or not set(template.text.split()) - {VALUE}:
        raise Refused(_("Such a line may stand in any log: it is the sign of nothing."), field="issue")
    sign, is_new = IssueTemplate.objects.get_or_create(
        issue=issue, text=template.text, defaults={"added_by": by, "added_at": clock.now()}
    )
    if is_new:
        recording.record(LINKED, subject=(SUBJECT, template.log_id), by=by, data={"known_issue": issue.pk})
    return sign
