"""Views that let the domain's refusals escape."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from common.errors import Absent, NotAllowed, Refused, StaleVersion
from config import urls
from escalations.models import Ticket

ERRORS = {
    "absent": Absent("There is no such thing."),
    "not-allowed": NotAllowed("Only leads do this."),
    "refused": Refused("It is closed.", field="state"),
    "stale": StaleVersion("Somebody was first.", current=Ticket(pk=7, version=2)),
}


@login_not_required
def refuse(request: HttpRequest, how: str) -> HttpResponse:
    raise ERRORS[how]


handler400, handler403, handler404 = urls.handler400, urls.handler403, urls.handler404
urlpatterns = [path("refuse/<slug:how>/", refuse), path("api/v1/refuse/<slug:how>/", refuse), *urls.urlpatterns]
