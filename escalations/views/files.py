"""Attachments: private, checked at every request, and downloads unless we made the image ourselves."""

from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from escalations import conversation
from escalations.models import Attachment
from escalations.views.parts import person, visible_ticket


@require_safe
def attachment(request: HttpRequest, reference: str, number: int) -> FileResponse:
    """Send one file of a ticket, if this person may read what it hangs on."""
    ticket = visible_ticket(request, reference)
    found = conversation.files(person(request), ticket).filter(pk=number).first()
    if found is None:
        raise Http404
    return sent(request, found)


def sent(request: HttpRequest, found: Attachment) -> FileResponse:
    """Return the file: a download, unless it is an image that we made ourselves."""
    inline = found.is_image and "download" not in request.GET
    response = FileResponse(
        found.file.open("rb"),
        as_attachment=not inline,
        filename=found.name,
        content_type=found.content_type if inline else "application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
