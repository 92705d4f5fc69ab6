"""The words that would tip a customer off, kept by compliance; trying a text, and releasing an answer."""

from typing import cast

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common.errors import Absent, Refused, StaleVersion
from escalations import tipping_off
from escalations.forms.tipping_off import ReleaseForm, TryForm, WordsForm, initial_of
from escalations.models import ReleasedAnswer, TippingOffWords
from escalations.views.parts import conflict_of, done, person

RECENT = 50


def _reader(request: HttpRequest, *, keeps: bool = False) -> User:
    """Return who reads, or keeps, the words; for everybody else the pages look absent."""
    user = person(request)
    if not (tipping_off.keeps(user) if keeps else tipping_off.may_read(user)):
        raise Http404
    return user


@require_safe
def word_list(request: HttpRequest) -> HttpResponse:
    """Show the words by kind, a field to try a text, and what was released."""
    return _list(request, _reader(request))


def _list(request: HttpRequest, user: User, form: ReleaseForm | None = None) -> HttpResponse:
    context = {
        "groups": TippingOffWords.objects.all(),
        "released": ReleasedAnswer.objects.select_related("released_by")[:RECENT],
        "keeps": tipping_off.keeps(user),
        "try_form": TryForm(auto_id="try_%s"),
        "release_form": form or ReleaseForm(auto_id="release_%s"),
    }
    status = 422 if form is not None else 200
    return render(request, "escalations/setup/tipping_off.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit_words(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Change the words of one kind, or write new ones. Trying them (`preview`) keeps nothing."""
    user = _reader(request, keeps=True)
    group = get_object_or_404(TippingOffWords, pk=number) if number is not None else None
    form = WordsForm(request.POST or None, initial=initial_of(group))
    context: dict[str, object] = {"group": group, "try_form": TryForm(auto_id="try_%s")}
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            if "preview" in request.POST:
                context["stopped"] = tipping_off.stopped_of_late(tipping_off.checked(given["terms"]))
                status = 200
            else:
                tipping_off.save(group, by=user, **given)
                done(request, _("The words are kept. They count from now on."))
                return redirect("tipping_off")
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        except StaleVersion as stale:
            context["conflict"] = conflict_of(stale, _both(stale, form))
            form, status = _once_more(form, stale), 409
        except Absent as absent:
            raise Http404 from absent
    return render(request, "escalations/setup/edit_tipping_off.html", context | {"form": form}, status=status)


def _both(stale: StaleVersion, form: WordsForm) -> list[tuple[object, object, object]]:
    current, said = stale.current, form.cleaned_data
    if not isinstance(current, TippingOffWords):
        return []
    return [
        (form.fields["terms"].label, "\n".join(current.terms), "\n".join(said["terms"])),
        (form.fields["instead"].label, current.instead, said["instead"]),
    ]


def _once_more(form: WordsForm, stale: StaleVersion) -> WordsForm:
    """Leave the form as it was sent, made from the version that is stored now."""
    if isinstance(stale.current, TippingOffWords):
        form.data = data = cast(QueryDict, form.data).copy()
        data["version"] = str(stale.current.version)
    return form


@require_POST
def try_text(request: HttpRequest) -> HttpResponse:
    """Show what a text says that is stopped; by the words in use, or by those in the field that is being edited.

    A POST, since a text must not stand in an address; nothing is kept.
    """
    _reader(request)
    form = TryForm(request.POST, auto_id="try_%s")
    context: dict[str, object] = {"try_form": form}
    if form.is_valid():
        text, terms = form.cleaned_data["text"], form.cleaned_data["terms"].splitlines()
        found = tipping_off.tried(text, terms) if terms else tipping_off.find(text)
        context |= {"parts": _parts(text, [(one.start, one.end) for one in found]), "count": len(found)}
        context["advice"] = [] if terms else list(dict.fromkeys(hit.advice for hit in tipping_off.find(text)))
    by_htmx = bool(request.htmx)  # type: ignore[attr-defined]  # django-htmx adds it
    template = "escalations/parts/tried.html" if by_htmx else "escalations/setup/tried.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _parts(text: str, places: list[tuple[int, int]]) -> list[tuple[str, bool]]:
    """Return the text in pieces, each with whether it is stopped."""
    parts: list[tuple[str, bool]] = []
    behind = 0
    for start, end in places:
        parts += [(text[behind:start], False), (text[start:end], True)]
        behind = end
    return [*parts, (text[behind:], False)]


@require_POST
@once
def release(request: HttpRequest) -> HttpResponse:
    """Let an answer pass word for word."""
    user = _reader(request, keeps=True)
    form = ReleaseForm(request.POST, auto_id="release_%s")
    if form.is_valid():
        try:
            tipping_off.release(form.cleaned_data["text"], by=user, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The answer may be sent, word for word."))
            return redirect("tipping_off")
    return _list(request, user, form)


@require_POST
@once
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Let an answer pass no more."""
    user = _reader(request, keeps=True)
    tipping_off.withdraw(get_object_or_404(ReleasedAnswer, pk=number), by=user)
    done(request, _("It is stopped again."))
    return redirect("tipping_off")
