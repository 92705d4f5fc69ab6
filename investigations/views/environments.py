"""Setting up environments and templates of requests."""

from django.db.models import Count, Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.views.once import once
from common.errors import NotAllowed, Refused, StaleVersion
from escalations.views.parts import done, forbidding, person
from investigations.console import environments, openapi, shown
from investigations.forms.console import EnvironmentForm, ImportForm
from investigations.models import Environment, RequestTemplate


def _reader(request: HttpRequest) -> User:
    user = person(request)
    if not environments.may_read(user):
        raise Http404
    return user


def _editor(request: HttpRequest) -> User:
    user = _reader(request)
    if not environments.may_change(user):
        raise NotAllowed(_("Only leads and admins set environments up."))
    return user


@require_safe
def environment_list(request: HttpRequest) -> HttpResponse:
    """List the environments and the templates of each integration."""
    user = _reader(request)
    return _list(request, user, ImportForm())


def _list(request: HttpRequest, user: User, form: ImportForm) -> HttpResponse:
    integrations = RequestTemplate.objects.values("integration").order_by("integration")
    found = Environment.objects.select_related("changed_by").order_by("is_retired", "name")
    context = {
        "rows": [(one, environments.base_url(one), environments.names(one)) for one in found],
        "integrations": integrations.annotate(count=Count("pk"), added_at=Max("added_at")),
        "may_change": environments.may_change(user),
        "form": form,
    }
    return render(request, "investigations/environments.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def new_environment(request: HttpRequest) -> HttpResponse:
    """Add an environment."""
    return _edit(request, _editor(request), None)


@require_http_methods(["GET", "HEAD", "POST"])
@once
@forbidding
def environment(request: HttpRequest, number: int) -> HttpResponse:
    """Change an environment."""
    user = _editor(request)
    return _edit(request, user, get_object_or_404(Environment, pk=number))


def _edit(request: HttpRequest, user: User, found: Environment | None) -> HttpResponse:
    initial = None
    if found:
        initial = {
            "name": found.name, "base_url": found.base_url, "headers": shown.headers_text(found.headers),
            "allows_writes": found.allows_writes, "scheme": found.scheme,
            "signing_header": found.signing_header, "teams": found.teams, "is_retired": found.is_retired,
            "version": found.version,
        }  # fmt: skip
    form = EnvironmentForm(request.POST or None, environment=found, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            environments.save(found, form.wanted(), by=user, version=form.cleaned_data["version"] or 0)
        except Refused as refusal:
            form.add_error(_field(form, refusal.field), refusal.message)
        except StaleVersion as stale:
            back = reverse("environment", args=[found.pk]) if found else ""
            return render(
                request, "409.html", {"message": stale.message, "rows": [], "back_url": back}, status=409
            )
        else:
            done(request, _("Saved."))
            return redirect("environments")
    context = {"environment": found, "form": form}
    return render(request, "investigations/environment.html", context, status=422 if form.errors else 200)


def _field(form: EnvironmentForm, name: str | None) -> str | None:
    wanted = "secret_name" if name == "secrets" else name
    return wanted if wanted in form.fields else None


@require_POST
@once
@forbidding
def import_openapi(request: HttpRequest) -> HttpResponse:
    """Take the operations of a document in as templates."""
    user = _editor(request)
    form = ImportForm(request.POST, request.FILES)
    if form.is_valid():
        content = form.cleaned_data["file"].read(openapi.LARGEST + 1)
        try:
            count = openapi.take(form.cleaned_data["integration"], content, by=user)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            done(request, _("%d operations can be chosen in the console now.") % count)
            return redirect("environments")
    return _list(request, user, form)


@require_POST
@once
@forbidding
def remove_templates(request: HttpRequest) -> HttpResponse:
    """Take an integration's templates away."""
    openapi.remove(request.POST.get("integration", "")[:80], by=_editor(request))
    done(request, _("Removed."))
    return redirect("environments")
