"""One internal note for several escalations."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from escalations.conversation import LONGEST
from escalations.cross_posting import MOST
from escalations.models import Ticket
from escalations.similar import exact_reference


class CrossPostForm(forms.Form):
    """The note, and the other escalations by their references; linked ones can be ticked."""

    body = forms.CharField(
        label=gettext_lazy("Internal note"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 6})
    )
    linked = forms.MultipleChoiceField(
        label=gettext_lazy("Cases of the same known issue"), required=False, widget=forms.CheckboxSelectMultiple
    )
    others = forms.CharField(
        label=gettext_lazy("Other escalations"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("Their references, parted by spaces: ESC-1042 ESC-1043"),
    )

    def __init__(self, *args: Any, user: User, linked: list[Ticket], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["linked"].choices = [  # type: ignore[attr-defined]
            (str(ticket.pk), f"{ticket.reference} {ticket.subject}") for ticket in linked
        ]
        if not linked:
            del self.fields["linked"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        numbers = {int(pk) for pk in cleaned.get("linked") or ()}
        for word in re.split(r"[\s,;]+", cleaned.get("others", "").strip()):
            number = exact_reference(word) if word else None
            if word and number is None:
                self.add_error("others", _("“%s” is no reference.") % word[:40])
            elif number is not None:
                numbers.add(number)
        if len(numbers) > MOST:
            self.add_error("others", _("At most %d escalations at once.") % MOST)
            return cleaned
        found = {ticket.pk: ticket for ticket in Ticket.objects.visible_to(self.user).filter(pk__in=numbers)}
        for number in sorted(numbers - set(found)):
            self.add_error("others", _("There is no escalation ESC-%d.") % number)
        cleaned["tickets"] = list(found.values())
        return cleaned
