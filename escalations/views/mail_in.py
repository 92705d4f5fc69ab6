"""What became of the mail that came in, for admins: nothing else tells of strangers and of what can't be read."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from escalations import mailbox
from escalations.hand_over_states import BY_MOVE, Move
from escalations.mail_refusals import REASONS
from escalations.models import HandOver, InboundMail
from escalations.views.parts import person

RECENT = 200

_WORDS: dict[str, Promise | str] = REASONS | {
    "unreadable": gettext_lazy("it can't be read"),
    "automatic": gettext_lazy("a program wrote it"),
    "not_ours": gettext_lazy("it went to no hand-over's address"),
    "forged": gettext_lazy("the signature of its address is not ours"),
    "gone": gettext_lazy("there is no such hand-over"),
    "stranger": gettext_lazy("its sender is not of the partner's domain"),
}


@require_safe
def inbound_mail(request: HttpRequest) -> HttpResponse:
    """List the newest mails with what became of each. Neither text nor sender of one is kept to be shown."""
    user = person(request)
    if not user.is_superuser:
        raise Http404
    mails = list(InboundMail.objects.order_by("-received_at", "-pk")[:RECENT])
    about = HandOver.objects.visible_to(user).filter(pk__in={mail.hand_over_id for mail in mails}).in_bulk()
    rows = [(mail, _reason(mail), about.get(mail.hand_over_id or 0)) for mail in mails]
    is_set = bool(settings.MAIL_IN_URL)
    context = {
        "rows": rows,
        "address": settings.MAIL_IN_ADDRESS if is_set else "",
        "trouble": mailbox.trouble() if is_set else None,
    }
    return render(request, "escalations/setup/inbound_mail.html", context)


def _reason(mail: InboundMail) -> Promise | str:
    return BY_MOVE[Move(mail.reason)].label if mail.reason in set(Move) else _WORDS.get(mail.reason, mail.reason)
