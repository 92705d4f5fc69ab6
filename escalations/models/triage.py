"""What L2 thought of an escalation at triage, and which articles solved it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalations.models.ticket import Ticket
from knowledgebase.models import Article


class TriageReview(models.Model):
    """L2's rating of the escalation itself, given at each triage. L1 and leads see it."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()
    decision = models.CharField(max_length=20)
    is_complete = models.BooleanField(_("everything needed was there"))
    right_category = models.BooleanField(_("the category was right"))
    l1_could_solve = models.BooleanField(_("L1 could have solved it"))
    comment = models.TextField(_("feedback"), blank=True)

    class Meta:
        verbose_name = _("triage review")
        verbose_name_plural = _("triage reviews")
        ordering = ["reviewed_at"]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.decision}"


class ArticleUse(models.Model):
    """An article linked to a ticket; `solved` says that it was the answer."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="article_uses")
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="uses")
    solved = models.BooleanField(_("this solved it"), default=False)
    linked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "article"], name="article_linked_once")]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.article_id}"
