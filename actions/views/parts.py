"""What the pages of actions share."""

from django.http import Http404, HttpRequest

from actions.models import Action
from actions.models.action import ActionQuerySet
from escalations.views.parts import person


def visible(request: HttpRequest) -> ActionQuerySet:
    """Return the actions that this person may see, with what every page shows of them."""
    return Action.objects.visible_to(person(request)).select_related(
        "ticket__customer", "ticket__team", "ticket__category", "policy__approver_team", "created_by", "edited_by",
        "requested_by", "approved_by",
    )  # fmt: skip


def visible_action(request: HttpRequest, number: int) -> Action:
    """Return one action, or answer 404 if this person may not see it."""
    action = visible(request).filter(pk=number).first()
    if action is None:
        raise Http404
    return action
