"""The decision about a banned account."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from actions.account_review import LONGEST_REASONS
from actions.models import ReviewDecision


class ReviewForm(forms.Form):
    """The decision and its reasons. `seen` tells which answers of the rules the person had before them."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=32)
    decision = forms.ChoiceField(label=_("Decision"), choices=ReviewDecision, widget=forms.RadioSelect)
    reasons = forms.CharField(
        label=_("Reasons"),
        help_text=_("What you looked at and why it leads to this. It can't be changed later."),
        max_length=LONGEST_REASONS,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, may_open: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_open:  # said on the page; who sends it anyway is told why not
            self.fields["decision"].widget.choices = [
                choice for choice in ReviewDecision.choices if choice[0] != ReviewDecision.UNBAN
            ]
