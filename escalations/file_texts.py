"""The text in attached files: read by a job soon after they come, so that a search finds it."""

import redaction
from common import text_of_file
from escalations import search_index
from escalations.models import Attachment, AttachmentText, Ticket
from events.models import Event

CONSUMER = "file_texts"
ATTACHED = "attachment.added"
SUBJECT = "attachment"
#: Characters that are kept of a file.
LONGEST = search_index.LONGEST_PART


def handle(event: Event) -> None:
    """Keep the text of the file that the event is about, cleaned of card numbers, and make it findable."""
    attachment = Attachment.objects.filter(pk=event.subject_id).first()
    if attachment is None or not text_of_file.is_readable(attachment.name):
        return
    with attachment.file.open("rb") as file:
        text = text_of_file.read(file.read(), attachment.name, longest=LONGEST)
    kept = redaction.clean(text).replace("\x00", "")
    Ticket.objects.select_for_update(no_key=True).get(pk=attachment.ticket_id)  # as every change of its words
    AttachmentText.objects.update_or_create(attachment=attachment, defaults={"text": kept})
    search_index.refresh([attachment.ticket_id])
