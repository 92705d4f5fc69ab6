"""The page where a person sets what concerns only them."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import people
from accounts.forms.preferences import AvailabilityForm, LanguageForm, PreferencesForm
from accounts.models import User
from accounts.views.once import once


def person(request: HttpRequest) -> User:
    """Return the signed-in person of a view that requires one."""
    return cast(User, request.user)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def preferences(request: HttpRequest) -> HttpResponse:
    """Show and save the person's name, time zone and language."""
    user = User.objects.get(pk=person(request).pk)  # the form writes into it; the page keeps the stored one
    form = PreferencesForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        people.change_preferences(person(request), by=person(request), **form.cleaned_data)
        with translation.override(person(request).language):
            messages.success(request, _("Your preferences are saved."))
        return redirect("preferences")
    status = 422 if form.is_bound else 200
    return render(request, "accounts/preferences.html", {"form": form}, status=status)


@require_POST
def set_availability(request: HttpRequest) -> HttpResponse:
    """Switch between available, busy and away; htmx gets the sidebar's menu as it is then."""
    form = AvailabilityForm(request.POST)
    if not form.is_valid():
        raise BadRequest(_("Availability must be available, busy or away."))
    people.set_availability(person(request), form.cleaned_data["availability"], by=person(request))
    if request.headers.get("HX-Request") == "true":
        return render(request, "components/user_menu.html")
    return _back(request)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the interface to another language, for this person everywhere."""
    form = LanguageForm(request.POST, instance=User(pk=person(request).pk))
    if not form.is_valid():
        raise BadRequest(_("Secondline is not translated into this language."))
    people.change_preferences(
        person(request), by=person(request), language=form.cleaned_data["language"]
    )  # fmt: skip
    return _back(request)


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """Return to the page that the form was on, if it is one of ours."""
    page = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return redirect(page if ours else resolve_url("preferences"))
