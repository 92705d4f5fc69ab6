"""Articles in Markdown, with every version kept."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role

if TYPE_CHECKING:
    from accounts.models import User


class Status(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


class Audience(models.TextChoices):
    L2 = "l2", _("L2 only")
    L1 = "l1", _("L1 and L2")
    CUSTOMER = "customer", _("May be quoted to customers")


class ArticleQuerySet(models.QuerySet["Article"]):
    def visible_to(self, user: "User") -> "ArticleQuerySet":
        """Return the articles this person may read.

        L2, leads, auditors and admins read all; L1 and partners read what is
        published for them.
        """
        if user.reads_all or user.teams_as(Role.L2, Role.LEAD):
            return self
        return self.filter(
            Q(owner=user) | Q(status=Status.PUBLISHED, audience__in=[Audience.L1, Audience.CUSTOMER])
        )


class ArticleContent(models.Model):
    """What an article says, in one language."""

    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    audience = models.CharField(_("for whom"), max_length=10, choices=Audience, default=Audience.L2)

    class Meta:
        abstract = True


class Article(ArticleContent):
    """An article as it stands now."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.PROTECT, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="secondline_en")
        + SearchVector("body", weight="B", config="secondline_en")
        + SearchVector("title", weight="A", config="secondline_es")
        + SearchVector("body", weight="B", config="secondline_es"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        indexes = [GinIndex(fields=["search"], name="article_search")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("article", args=[self.pk])


class ArticleRevision(ArticleContent):
    """One version of an article, as somebody saved it."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="revisions")
    version = models.PositiveIntegerField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["article", "version"], name="article_version")]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"
