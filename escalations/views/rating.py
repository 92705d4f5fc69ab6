"""The customer's rating page: reached by a signed link, without signing in."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.errors import Refused
from escalations import csat, tipping_off
from escalations.csat import LinkRefused, Opinion
from escalations.forms.rating import RatingForm


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the rating in the customer's language, and keep it once."""
    try:
        invitation = csat.invitation_of(token)
    except LinkRefused as refusal:
        return render(request, "escalations/rating_over.html", {"message": str(refusal)}, status=410)
    with translation.override(invitation.ticket.customer.language):
        form = RatingForm(request.POST or None, initial=_clicked(request))
        if request.method == "POST" and form.is_valid():
            try:
                csat.rate(token, Opinion(**form.cleaned_data))
            except LinkRefused as refusal:
                return render(request, "escalations/rating_over.html", {"message": str(refusal)}, status=410)
            except Refused as refusal:
                form.add_error("score", refusal.message)
            else:
                return render(request, "escalations/rating_thanks.html")
        ticket = invitation.ticket
        subject = ticket.subject if tipping_off.is_harmless(ticket.subject) else ""
        context = {"form": form, "ticket": ticket, "subject": subject}
        response = render(request, "escalations/rating.html", context, status=422 if form.errors else 200)
        # The token goes to no other site. Not "no-referrer": browsers then send the form with
        # `Origin: null`, which the CSRF check refuses.
        response["Referrer-Policy"] = "same-origin"
        return response


def _clicked(request: HttpRequest) -> dict[str, Any]:
    """Return the score chosen in the mail itself, to be confirmed on the page."""
    score = request.GET.get("score", "")
    return {"score": int(score)} if score in {"1", "2", "3", "4", "5"} else {}
