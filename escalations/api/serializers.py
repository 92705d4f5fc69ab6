"""Tickets, customers and categories as JSON."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.api.serializers import PersonSerializer
from accounts.models import Team, TeamKind
from escalations import access, json_schema
from escalations.models import (
    Category,
    Channel,
    Customer,
    Level,
    Message,
    MessageKind,
    Metric,
    Priority,
    Reason,
    RootCause,
    Segment,
    Ticket,
)
from escalations.models.ticket import LONGEST_TAG
from escalations.transitions import Verb


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    class Meta:
        model = Customer
        fields = [
            "id", "external_id", "name", "email", "phone", "segment", "language", "country", "version",
        ]  # fmt: skip
        read_only_fields = fields


class CategorySerializer(serializers.ModelSerializer[Category]):
    """A category with the contract it demands, as JSON Schema."""

    form_version = serializers.SerializerMethodField()
    schema = serializers.SerializerMethodField(help_text="JSON Schema of a ticket's `answers`.")

    class Meta:
        model = Category
        fields = ["key", "name", "name_es", "description", "description_es", "form_version", "schema"]
        read_only_fields = fields

    def get_form_version(self, category: Category) -> int | None:
        form = category.current_form
        return form.version if form else None

    def get_schema(self, category: Category) -> dict[str, Any] | None:
        form = category.current_form
        return json_schema.of_form(form) if form else None


class DeadlineSerializer(serializers.Serializer[Any]):
    """One clock now. `remaining` is in seconds of the time the target counts; `team` whose work it measures."""

    metric = serializers.CharField()
    cycle = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]  # a Field has a label of its own
    team = serializers.CharField(help_text="Of a team's or partner's own clock, else empty.")
    state = serializers.ChoiceField(choices=["running", "overdue", "paused", "met", "missed"])
    due_at = serializers.DateTimeField(allow_null=True)
    remaining = serializers.IntegerField(allow_null=True)
    business_time = serializers.BooleanField()
    target_seconds = serializers.IntegerField(allow_null=True)
    breached_at = serializers.DateTimeField(allow_null=True)
    set_by_hand = serializers.BooleanField(source="is_by_hand")
    breach_probability = serializers.FloatField(source="probability", allow_null=True)


class TicketRowSerializer(serializers.ModelSerializer[Ticket]):
    """A ticket in a list."""

    reference = serializers.CharField(read_only=True)
    category: Any = serializers.SlugRelatedField(slug_field="key", read_only=True)
    customer = CustomerSerializer(read_only=True)
    team: Any = serializers.StringRelatedField()
    owner = PersonSerializer(read_only=True, allow_null=True)
    next_due_label = serializers.SerializerMethodField(help_text="The name of `next_due_metric`.")
    tags = serializers.SerializerMethodField(help_text="null for whoever does not work on the ticket.")
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Ticket
        fields = [
            "reference", "subject", "category", "customer", "channel", "impact", "urgency", "priority", "state",
            "state_since", "team", "owner", "created_at", "updated_at", "resolved_at", "next_due_at",
            "next_due_metric", "next_due_label", "breach_risk", "tags", "restricted_as", "version",
            "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_tags(self, ticket: Ticket) -> list[str] | None:
        user = self.context.get("user")
        return ticket.tags if user and access.reads_internal(user, ticket) else None

    def get_next_due_label(self, ticket: Ticket) -> str:
        return str(Metric(ticket.next_due_metric).label) if ticket.next_due_metric else ""


class TransitionOfferSerializer(serializers.Serializer[Any]):
    """A transition that this person may make now, and what it needs."""

    verb = serializers.ChoiceField(choices=[(verb.value, verb.value) for verb in Verb])
    label = serializers.CharField()  # type: ignore[assignment]  # a Field has a label of its own
    target = serializers.CharField(allow_null=True, help_text="Null: the state before.")
    needs = serializers.ListField(child=serializers.CharField())


class TicketSerializer(TicketRowSerializer):
    """A ticket with its contract, clocks, and what may be done with it."""

    created_by = PersonSerializer(read_only=True)
    form_version = serializers.IntegerField(source="form.version", read_only=True, allow_null=True)
    resolution: Any = serializers.SlugRelatedField(slug_field="key", read_only=True)
    root_cause: Any = serializers.SlugRelatedField(slug_field="key", read_only=True)
    known_issue = serializers.PrimaryKeyRelatedField[Any](read_only=True)
    merged_into = serializers.CharField(source="merged_into.reference", read_only=True, allow_null=True)
    promised_for = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Until when the customer is promised an update."
    )
    deadlines = DeadlineSerializer(many=True, read_only=True)
    transitions = TransitionOfferSerializer(many=True, read_only=True)

    class Meta(TicketRowSerializer.Meta):
        fields = [
            *TicketRowSerializer.Meta.fields, "description", "answers", "form_version", "l1_reference", "l1_link",
            "transaction_ref", "product", "error_code", "created_by", "resolution", "root_cause", "answer_to_l1",
            "answer_to_customer", "promised_for", "known_issue", "merged_into", "return_count", "reopen_count",
            "deadlines", "transitions",
        ]  # fmt: skip
        read_only_fields = fields


class MessageSerializer(serializers.ModelSerializer[Message]):
    author = PersonSerializer(read_only=True)
    ticket = serializers.CharField(source="ticket.reference", read_only=True, help_text="Where it stands.")
    written_to = serializers.CharField(
        source="written_to.reference", read_only=True, allow_null=True,
        help_text="The duplicate that it was written to, if it was led on from there.",
    )  # fmt: skip

    class Meta:
        model = Message
        fields = ["id", "kind", "author", "body", "created_at", "ticket", "written_to"]
        read_only_fields = fields


class NewMessageSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=MessageKind.choices)
    body = serializers.CharField(max_length=50_000)
    promised_for = serializers.DateTimeField(
        required=False, allow_null=True, default=None,
        help_text=_("Until when the customer is promised another update; only in a message to the customer."),
    )  # fmt: skip


class TagsSerializer(serializers.Serializer[Any]):
    """Tags to add and to take away, written in any way."""

    add = serializers.ListField(child=serializers.CharField(max_length=LONGEST_TAG), default=list, max_length=20)
    remove = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_TAG), default=list, max_length=20
    )


class NewCustomerSerializer(serializers.Serializer[Any]):
    """Who the escalation is about; only `external_id` is needed for a customer the desk knows."""

    external_id = serializers.CharField(max_length=80)
    name = serializers.CharField(max_length=160, required=False)
    email = serializers.EmailField(required=False)
    phone = serializers.CharField(max_length=40, required=False)
    segment = serializers.ChoiceField(choices=Segment.choices, required=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)
    country = serializers.CharField(max_length=2, required=False)


class NewTicketSerializer(serializers.Serializer[Any]):
    """A contract. `answers` follow the category's JSON Schema."""

    category = serializers.SlugRelatedField(slug_field="key", queryset=Category.objects.filter(is_active=True))
    subject = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=20_000)
    customer = NewCustomerSerializer()
    channel = serializers.ChoiceField(choices=Channel.choices)
    impact = serializers.ChoiceField(choices=Level.choices, default=Level.MEDIUM)
    urgency = serializers.ChoiceField(choices=Level.choices, default=Level.MEDIUM)
    l1_reference = serializers.CharField(max_length=80, required=False, default="")
    l1_link = serializers.URLField(max_length=200, required=False, default="")
    answers = serializers.DictField(default=dict)


class ReviewSerializer(serializers.Serializer[Any]):
    """The rating of the escalation itself, given at triage."""

    is_complete = serializers.BooleanField()
    right_category = serializers.BooleanField()
    l1_could_solve = serializers.BooleanField()
    comment = serializers.CharField(required=False, default="", allow_blank=True, max_length=4000)


class TransitionSerializer(serializers.Serializer[Any]):
    """A verb with what it needs. GET the transitions of a ticket to learn which need what."""

    verb = serializers.ChoiceField(choices=[(verb.value, verb.value) for verb in Verb])
    version = serializers.IntegerField(
        required=False, min_value=1, help_text=_("The ticket's version as you saw it; 409 if it has moved on.")
    )
    review = ReviewSerializer(required=False)
    category = serializers.SlugRelatedField(
        slug_field="key", queryset=Category.objects.filter(is_active=True), required=False
    )
    priority = serializers.ChoiceField(choices=Priority.choices, required=False)
    team = serializers.SlugRelatedField(
        slug_field="name", queryset=Team.objects.filter(kind=TeamKind.L2), required=False
    )
    partner = serializers.SlugRelatedField(
        slug_field="name", queryset=Team.objects.filter(kind=TeamKind.PARTNER), required=False
    )
    reason = serializers.SlugField(required=False, help_text=_("Key of a reason of the verb's kind."))
    missing = serializers.CharField(required=False, max_length=20_000)
    message = serializers.CharField(required=False, max_length=50_000)
    promised_for = serializers.DateTimeField(
        required=False, allow_null=True, help_text=_("An update promised to the customer who is asked.")
    )
    explanation = serializers.CharField(required=False, max_length=20_000)
    resolution = serializers.SlugField(required=False, help_text=_("Key of a resolution code."))
    root_cause = serializers.SlugRelatedField(
        slug_field="key", queryset=RootCause.objects.filter(is_active=True), required=False
    )
    answer_to_l1 = serializers.CharField(required=False, max_length=50_000)
    answer_to_customer = serializers.CharField(required=False, max_length=50_000)
    target = serializers.CharField(required=False, max_length=20, help_text="ESC-1042")
    contract = NewTicketSerializer(required=False)


def reason_id(kind: str, key: str | None) -> int | None:
    """Return the id of the reason of that key, or None, which the domain refuses with a sentence."""
    return Reason.objects.filter(kind=kind, key=key, is_active=True).values_list("pk", flat=True).first()
