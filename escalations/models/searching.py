"""What full-text search looks through: one row per ticket, and what stands in files."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from escalations.models.conversation import Attachment
from escalations.models.ticket import Ticket


class TicketText(models.Model):
    """All words of a ticket, stemmed in both languages; escalations.search_index keeps it.

    A word's weight says who may find it: A and B everybody who sees the ticket (subject; contract and
    customer), C who follows it (what is said to and by customer and L1), D the second line (notes, threads
    with partners, diagnosis).
    """

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, primary_key=True, related_name="text")
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(fields=["words"], name="ticket_text_words")]

    def __str__(self) -> str:
        return f"{self.ticket_id}"


class AttachmentText(models.Model):
    """The text that was found in a file, cleaned of card numbers; empty when there was none to be read."""

    attachment = models.OneToOneField(Attachment, on_delete=models.CASCADE, primary_key=True, related_name="text")
    text = models.TextField()

    def __str__(self) -> str:
        return f"{self.attachment_id}"
