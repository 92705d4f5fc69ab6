"""Who has access, opening what is locked, and the half-yearly review with its signature."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access, access_review, lockout, second_factor
from accounts.models import AccessReview, Decision, User
from accounts.views.once import once
from accounts.views.preferences import person
from common.errors import NotAllowed, Refused

PAGE = 100


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """List people with what opens doors to them, and how the reviews stand."""
    user = _reader(request)
    page = Paginator(access.people_of(user), PAGE).get_page(request.GET.get("page"))
    standings = [(one, access_review.may_review(user, one.team)) for one in access_review.standings(user)]
    context = {
        "holders": access.holders(list(page.object_list)),
        "count": page.paginator.count,
        **_pages(page),
        "standings": standings,
        "may_open": user.is_superuser,
    }
    return render(request, "accounts/access/overview.html", context)


@require_POST
@once
def unlock(request: HttpRequest, number: int) -> HttpResponse:
    """Let a person whose sign-in is locked try again."""
    found = _opened(request, number)
    lockout.unlock(found, by=person(request))
    messages.success(request, _("%s can try again.") % found)
    return redirect("access")


@require_POST
@once
def reset_second_factor(request: HttpRequest, number: int) -> HttpResponse:
    """Take away a person's second factor, whose phone or key is lost."""
    found = _opened(request, number)
    second_factor.reset(found, by=person(request))
    messages.success(request, _("%s signs in with the password and sets up a second step anew.") % found)
    return redirect("access")


@require_POST
@once
def begin(request: HttpRequest) -> HttpResponse:
    """Begin the review of a team or of everybody, or go on with it."""
    user = _reader(request)
    raw = request.POST.get("team", "")
    team = get_object_or_404(access.teams_of(user), pk=raw) if raw.isdecimal() and len(raw) < 19 else None
    if not access_review.may_review(user, team):
        raise Http404
    return redirect("access_review", number=access_review.begin(team, by=user).pk)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def review(request: HttpRequest, number: int) -> HttpResponse:
    """Show whom a review is about; save what is decided about those who are ticked one way or the other."""
    found = _review(request, number)
    may_decide = access_review.may_review(person(request), found.team) and found.is_open
    if request.method == "POST":
        if not may_decide:
            raise Http404
        _decide(request, found)
        return redirect(f"{request.path}?page={request.GET.get('page', '1')}")
    decided = access_review.decisions(found)
    context: dict[str, Any] = {"review": found, "may_decide": may_decide, "decisions": Decision}
    if found.is_open:
        undecided = {one.pk for one in access_review.undecided(found)}
        page = Paginator(access_review.reviewed(found), PAGE).get_page(request.GET.get("page"))
        holders = access.holders(list(page.object_list))
        rows = [(one, decided.get(one.person.pk), one.person.pk not in undecided) for one in holders]
        gone = [one for one in decided.values() if one.decision == Decision.WITHDRAWN]
        context |= {"rows": rows, **_pages(page), "left": len(undecided), "gone": gone}
    else:
        context |= {"decided": list(decided.values())}
    return render(request, "accounts/access/review.html", context)


def _decide(request: HttpRequest, found: AccessReview) -> None:
    """Save each decision of the form; one that is refused leaves the others."""
    saved = 0
    for field, decision in request.POST.items():
        number = field.removeprefix("decision-")
        if field == number or not number.isdecimal() or len(number) > 18 or decision not in Decision.values:
            continue
        one = User.objects.filter(pk=number).first()
        try:
            if one is not None:
                access_review.decide(found, one, decision, by=person(request))
                saved += 1
        except Refused as refusal:
            messages.error(request, str(refusal))
    if saved:
        messages.success(request, ngettext("%d decision is saved.", "%d decisions are saved.", saved) % saved)


@require_POST
@once
def sign_off(request: HttpRequest, number: int) -> HttpResponse:
    """Sign a review."""
    found = _review(request, number)
    try:
        access_review.sign_off(found, by=person(request))
    except NotAllowed as error:
        raise Http404 from error
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Signed off. The next review is due in half a year."))
    return redirect("access_review", number=found.pk)


def _pages(page: Page) -> dict[str, str]:
    """Return what components/pagination.html shows."""
    return {
        "note": _("Page %(number)d of %(all)d") % {"number": page.number, "all": page.paginator.num_pages},
        "previous_url": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "next_url": f"?page={page.next_page_number()}" if page.has_next() else "",
    }


def _reader(request: HttpRequest) -> User:
    user = person(request)
    if not access.may_read(user):
        raise Http404
    return user


def _opened(request: HttpRequest, number: int) -> User:
    """Return the person whom an admin opens something for."""
    if not person(request).is_superuser:
        raise Http404
    return get_object_or_404(User, pk=number)


def _review(request: HttpRequest, number: int) -> AccessReview:
    user = _reader(request)
    found = get_object_or_404(AccessReview.objects.select_related("team", "begun_by", "signed_off_by"), pk=number)
    sees = user.reads_all if found.team is None else access.teams_of(user).filter(pk=found.team.pk).exists()
    if not sees:
        raise Http404
    return found
