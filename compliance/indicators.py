"""Signs of risk that a review may note. Which ones a case has is sealed with the rest of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Indicator(models.TextChoices):
    STRUCTURING = "structuring", _("Amounts just below a threshold")
    VELOCITY = "velocity", _("Many movements in a short time")
    PASS_THROUGH = "pass_through", _("Money in and out at once")
    MULE = "mule", _("Account lent to others")
    PROFILE = "profile", _("Does not fit the customer's profile")
    COUNTERPARTY = "counterparty", _("Known or listed counterparty")
    SANCTIONS = "sanctions", _("Match on a sanctions list")
    EXPOSED = "exposed", _("Politically exposed person")
    COUNTRY = "country", _("High-risk country")
    FORGED = "forged", _("Document looks forged or altered")
    BORROWED = "borrowed", _("Document of somebody else")
    EVASIVE = "evasive", _("Evades questions")
