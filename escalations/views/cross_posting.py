"""One internal note on several escalations, and taking it back."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.views.once import once
from common.errors import Absent, DomainError
from escalations import access, cross_posting
from escalations.forms.cross_posting import CrossPostForm
from escalations.models import CrossPost, Ticket
from escalations.views.parts import done, forbidding, person, ticket_url, visible_ticket

_LINKED = 30


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def cross_post(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for a note and where else it belongs (GET); write it everywhere (POST)."""
    ticket, user = visible_ticket(request, reference), person(request)
    if not access.works_on(user, ticket):
        raise Http404
    linked: list[Ticket] = []
    if ticket.known_issue_id is not None:
        same = Ticket.objects.visible_to(user).open().filter(known_issue=ticket.known_issue_id, restricted_as="")
        linked = [
            one for one in same.exclude(pk=ticket.pk).order_by("-pk")[:_LINKED] if access.works_on(user, one)
        ]
    form = CrossPostForm(request.POST or None, user=user, linked=linked)
    if request.method == "POST" and form.is_valid():
        try:
            row = cross_posting.post(
                [ticket, *form.cleaned_data["tickets"]], body=form.cleaned_data["body"], by=user
            )
        except DomainError as refusal:
            field = getattr(refusal, "field", None)
            form.add_error(field if field in form.fields else None, refusal.message)
        else:
            count = row.messages.count()
            done(
                request,
                ngettext("The note stands on %d escalation.", "The note stands on %d escalations.", count) % count,
            )
            return redirect(ticket_url(ticket))
    context = {"ticket": ticket, "form": form}
    return render(request, "escalations/cross_post.html", context, status=422 if form.errors else 200)


@require_POST
@once
@forbidding
def take_back(request: HttpRequest, number: int) -> HttpResponse:
    """Take a note back from every escalation it was written to."""
    row = get_object_or_404(CrossPost, pk=number, by=person(request))
    ticket = visible_ticket(request, request.POST.get("ticket", ""))
    try:
        cross_posting.take_back(row, by=person(request))
    except Absent as absent:
        raise Http404 from absent
    except DomainError as refusal:
        context = {"message": refusal.message, "back_url": ticket_url(ticket)}
        return render(request, "400.html", context, status=422)
    done(request, _("The note is taken back everywhere."))
    return redirect(ticket_url(ticket))
