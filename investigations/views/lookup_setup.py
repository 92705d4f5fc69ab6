"""Setting lookups up: sources, with a test of the connection, and the versions of what is asked."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role, Team
from accounts.views.once import once
from common.errors import Refused, StaleVersion
from escalations.views.parts import done, forbidding, person
from investigations.forms.lookups import LookupForm, SourceForm
from investigations.lookups import asking, definitions, parameters
from investigations.lookups.answer import NoAnswer
from investigations.models import Lookup, LookupSource, LookupVersion


@require_safe
def lookup_list(request: HttpRequest) -> HttpResponse:
    """Show the lookups, and the sources that they ask."""
    user = person(request)
    if not definitions.may_read_set_up(user):
        raise Http404
    context = {
        "lookups": definitions.latest(),
        "sources": LookupSource.objects.all(),
        "may_edit": definitions.may_set_up(user),
    }
    return render(request, "investigations/setup/lookups.html", context)


@require_safe
def lookup_setup(request: HttpRequest, number: int) -> HttpResponse:
    """Show one version of a lookup, the latest where the address names none."""
    user = person(request)
    if not definitions.may_read_set_up(user):
        raise Http404
    lookup = get_object_or_404(Lookup, pk=number)
    versions = list(lookup.versions.select_related("source", "made_by").order_by("-number"))
    wanted = request.GET.get("version", "")
    version = next((one for one in versions if str(one.number) == wanted), versions[0])
    context = {
        "lookup": lookup,
        "version": version,
        "versions": versions,
        "parameters": [one.spelled() for one in parameters.stored(version.parameters)],
        "roles": [Role(role).label for role in version.roles],
        "teams": Team.objects.filter(pk__in=version.teams),
        "may_edit": definitions.may_set_up(user),
    }
    return render(request, "investigations/setup/lookup.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit_lookup(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Add a lookup, or its next version."""
    user = person(request)
    if not definitions.may_set_up(user):
        raise Http404
    lookup = get_object_or_404(Lookup, pk=number) if number is not None else None
    form = LookupForm(request.POST) if request.method == "POST" else _form(lookup)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            made = definitions.save(
                lookup, data["name"], form.draft(), why=data["why"], by=user, number=data["number"] or 0
            )
        except StaleVersion as stale:
            form.add_error(None, stale.message)
            status = 409
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("Version %d is kept.") % made.number)
            return redirect(made.lookup)
    context = {"form": form, "lookup": lookup, "name": Lookup.objects.get(pk=lookup.pk).name if lookup else ""}
    return render(request, "investigations/setup/edit_lookup.html", context, status=status)


def _form(lookup: Lookup | None) -> LookupForm:
    return LookupForm.of(definitions.latest_of(lookup)) if lookup else LookupForm()


@require_POST
@once
@forbidding
def switch_lookup(request: HttpRequest, number: int) -> HttpResponse:
    """Take a lookup out of use, or back into it."""
    if not definitions.may_read_set_up(person(request)):
        raise Http404
    lookup = get_object_or_404(Lookup, pk=number)
    return redirect(definitions.switch(lookup, is_active=request.POST.get("active") == "yes", by=person(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@once
def edit_lookup_source(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Add a source, or change one."""
    user = person(request)
    if not definitions.may_set_up(user):
        raise Http404
    source = get_object_or_404(LookupSource, pk=number) if number is not None else None
    form = SourceForm(request.POST) if request.method == "POST" else _source_form(source)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            saved = definitions.save_source(source, by=user, **form.cleaned_data)
        except StaleVersion as stale:
            form.add_error(None, stale.message)
            status = 409
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("The source is kept. Test its connection."))
            return redirect(saved)
    context: dict[str, Any] = {"form": form, "source": source}
    if source is not None:
        used = LookupVersion.objects.filter(source=source).values("lookup")
        context["used_by"] = Lookup.objects.filter(pk__in=used)
    return render(request, "investigations/setup/edit_lookup_source.html", context, status=status)


def _source_form(source: LookupSource | None) -> SourceForm:
    return SourceForm.of(source) if source else SourceForm()


@require_POST
def check_lookup_source(request: HttpRequest, number: int) -> HttpResponse:
    """Test the connection, for five seconds at most, and say whether one could write there.

    Without a form token: to test twice does no harm, and a source is never asked within a transaction.
    """
    user = person(request)
    if not definitions.may_set_up(user):
        raise Http404
    source = get_object_or_404(LookupSource, pk=number)
    trouble = ""
    try:
        can_write = asking.check(source)
    except NoAnswer as error:
        can_write, trouble = None, str(error.trouble.label)
    definitions.note_check(source, answers=not trouble, can_write=can_write, by=user)
    done(request, trouble or _("The source answers."))
    return redirect(source)
