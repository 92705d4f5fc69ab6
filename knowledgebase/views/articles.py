"""Pages of articles: the list with its search, the article, its editing and its history."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.views.once import once
from common import markdown
from common.errors import Refused, StaleVersion
from knowledgebase import access, articles, panels
from knowledgebase.filters import ArticleFilter
from knowledgebase.forms import ArticleForm, MoveForm, OwnerForm, VersionsForm
from knowledgebase.models import Article, ArticleRevision
from knowledgebase.search import search_articles
from knowledgebase.texts import preview
from knowledgebase.views.answers import PAGE_SIZE, demand_writer, forbidding, page_of, person

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MOVES: dict[str, tuple[Callable[..., Article], "_StrPromise"]] = {
    "publish": (articles.publish, gettext_lazy("The article is published.")),
    "archive": (articles.archive, gettext_lazy("The article is archived. Its text and history are kept.")),
    "restore": (articles.restore, gettext_lazy("The article is a draft again.")),
}


def article_or_404(request: HttpRequest, pk: int) -> Article:
    """Return an article that the person may read; what they may not read looks absent."""
    return get_object_or_404(
        Article.objects.visible_to(person(request)).select_related("owner").defer("search"), pk=pk
    )


@require_GET
def article_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    filters = ArticleFilter(
        request.GET, queryset=Article.objects.visible_to(user).select_related("owner").defer("body", "search")
    )
    valid = filters.is_valid()
    query = request.GET.get("q", "").strip()
    context: dict[str, Any] = {
        "filters": filters.form,
        "query": query,
        "narrowed": query or any(request.GET.get(name) for name in filters.form.fields),
        "may_write": access.may_write(user),
    }
    if not valid:
        context["hits"] = []
    elif query:
        context["hits"] = search_articles(user, query, limit=PAGE_SIZE, among=filters.qs)
    else:
        context |= page_of(request, filters.qs.order_by("-updated_at", "-pk"))
    return render(request, "knowledgebase/article_list.html", context, status=200 if valid else 400)


@require_GET
def article(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, article_or_404(request, pk))


def _page(request: HttpRequest, shown: Article, *, trouble: str = "", status: int = 200) -> HttpResponse:
    user = person(request)
    hands_on = access.may_hand_on(user, shown)
    context = {
        "article": shown,
        "html": markdown.render(shown.body),
        "trouble": trouble,
        "may_write": access.may_write(user),
        "may_publish": access.may_publish(user, shown),
        "may_read_history": access.may_read_history(user),
        "owner_form": OwnerForm(initial={"owner": shown.owner_id}) if hands_on else None,
        "panels": panels.rendered(shown, user),
    }
    return render(request, "knowledgebase/article.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def article_new(request: HttpRequest) -> HttpResponse:
    demand_writer(request)
    if request.method != "POST":
        return _form_page(request, ArticleForm(initial={"language": person(request).language}))
    form = ArticleForm(request.POST)
    if not form.is_valid() or "preview" in request.POST:
        return _form_page(request, form)
    try:
        with forbidding():
            written = articles.write(by=person(request), **form.entered())
    except Refused as refusal:
        form.add_refusal(refusal)
        return _form_page(request, form)
    messages.success(request, _("The draft was saved. Publish it when it is ready to be read."))
    return redirect(written)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def article_edit(request: HttpRequest, pk: int) -> HttpResponse:
    shown = article_or_404(request, pk)
    demand_writer(request)
    if request.method != "POST":
        return _form_page(request, ArticleForm(initial=ArticleForm.values_of(shown)), shown)
    form = ArticleForm(request.POST)
    if not form.is_valid() or "preview" in request.POST:
        return _form_page(request, form, shown)
    version = form.cleaned_data["version"]
    try:
        with forbidding():
            articles.revise(shown, by=person(request), version=version, **form.entered())
    except Refused as refusal:
        form.add_refusal(refusal)
        return _form_page(request, form, shown)
    except StaleVersion:
        return _both_versions(request, form, article_or_404(request, pk))
    messages.success(request, _("The article was saved."))
    return redirect(shown)


def _form_page(request: HttpRequest, form: ArticleForm, shown: Article | None = None) -> HttpResponse:
    previewed = "preview" in request.POST
    context = {
        "form": form,
        "article": shown,
        "preview": preview(request.POST.get("body", "")) if previewed else "",
    }
    status = 422 if form.errors and not previewed else 200
    return render(request, "knowledgebase/article_edit.html", context, status=status)


def _both_versions(request: HttpRequest, form: ArticleForm, current: Article) -> HttpResponse:
    """Show the stored version beside what was sent, and a form that saves the latter over the former."""
    context = {
        "article": current,
        "rows": form.beside(current),
        "by": current.revisions.select_related("saved_by").latest("version").saved_by,
        "at": current.updated_at,
        "back_url": current.get_absolute_url(),
        "body": form.cleaned_data["body"],
        "form": ArticleForm(initial={**form.entered(), "version": current.version}),
    }
    return render(request, "knowledgebase/article_conflict.html", context, status=409)


@require_POST
def article_preview(request: HttpRequest) -> HttpResponse:
    """Return the HTML of the text that is being written; nothing is stored."""
    demand_writer(request)
    context = {"preview": preview(request.POST.get("body", ""))}
    return render(request, "knowledgebase/article_preview.html", context)


@require_POST
@once
def article_move(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Publish, archive or restore."""
    shown = article_or_404(request, pk)
    move, done = MOVES[verb]
    form = MoveForm(request.POST)
    if not form.is_valid():
        raise BadRequest(_("The version that you read is missing. Load the page again."))
    try:
        with forbidding():
            move(shown, by=person(request), version=form.cleaned_data["version"])
    except Refused as refusal:
        return _page(request, article_or_404(request, pk), trouble=str(refusal), status=422)
    except StaleVersion as stale:
        return _page(request, article_or_404(request, pk), trouble=str(stale), status=409)
    messages.success(request, done)
    return redirect(shown)


@require_POST
@once
def article_owner(request: HttpRequest, pk: int) -> HttpResponse:
    shown = article_or_404(request, pk)
    form = OwnerForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, trouble=_("Choose who should own the article."), status=422)
    owner = form.cleaned_data["owner"]
    try:
        with forbidding():
            articles.change_owner(shown, by=person(request), owner=owner)
    except Refused as refusal:
        return _page(request, article_or_404(request, pk), trouble=str(refusal), status=422)
    messages.success(request, _("%(name)s owns this article now.") % {"name": owner})
    return redirect(shown)


@require_GET
def article_history(request: HttpRequest, pk: int) -> HttpResponse:
    shown = _with_history_or_404(request, pk)
    context = page_of(request, shown.revisions.select_related("saved_by").defer("body"))
    return render(request, "knowledgebase/article_history.html", {"article": shown, **context})


@require_GET
def article_diff(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare the versions `old` and `new` of the address; without them, the last two."""
    shown = _with_history_or_404(request, pk)
    form = VersionsForm(request.GET)
    if not form.is_valid():
        raise BadRequest(_("Versions are whole numbers."))
    newer = form.cleaned_data["new"] or shown.version
    older = form.cleaned_data["old"] or max(1, newer - 1)
    old, new = _revision_or_404(shown, older), _revision_or_404(shown, newer)
    context = {"article": shown, "old": old, "new": new}
    return render(request, "knowledgebase/article_diff.html", context)


def _with_history_or_404(request: HttpRequest, pk: int) -> Article:
    if not access.may_read_history(person(request)):
        raise Http404
    return article_or_404(request, pk)


def _revision_or_404(shown: Article, version: int) -> ArticleRevision:
    return get_object_or_404(shown.revisions.select_related("saved_by"), version=version)
