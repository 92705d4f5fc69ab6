"""What the API shows of sensitive actions, and what it takes."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.serializers import PersonSerializer
from actions.kinds import Definition
from actions.models import Action, Kind
from actions.transitions import Transition
from escalations.models import Ticket
from escalations.similar import exact_reference


class ActionSerializer(serializers.ModelSerializer[Action]):
    """An action. `digest` is the SHA-256 of what is asked, which an approval has to name."""

    ticket = serializers.CharField(source="ticket.reference", read_only=True)
    created_by = PersonSerializer(read_only=True)
    requested_by = PersonSerializer(read_only=True, allow_null=True)
    approved_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Action
        fields = [
            "id", "ticket", "kind", "state", "state_since", "version", "payload", "evidence", "account", "order",
            "sequence", "amount", "currency", "checks", "digest", "created_by", "created_at", "requested_by",
            "requested_at", "expires_at", "approved_by", "approved_at", "why_ended", "reference",
        ]  # fmt: skip
        read_only_fields = fields


class CheckSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    result = serializers.ChoiceField(choices=["pass", "fail", "unknown"])
    reason = serializers.CharField()


class OfferSerializer(serializers.Serializer[Transition]):
    verb = serializers.CharField()
    needs = serializers.ListField(child=serializers.CharField())


class ActionDetailSerializer(ActionSerializer):
    """One action with the checks as they stand now, and what you may do with it."""

    checks_now = CheckSerializer(many=True, read_only=True)
    offers = OfferSerializer(many=True, read_only=True)

    class Meta(ActionSerializer.Meta):
        fields = [*ActionSerializer.Meta.fields, "checks_now", "offers"]
        read_only_fields = fields


class EvidenceSerializer(serializers.Serializer[Any]):
    """Words, a file (`file-12`) or an internal note (`note-7`) of the ticket, or both."""

    text = serializers.CharField(required=False, allow_blank=True, max_length=4_000)
    source = serializers.RegexField(  # type: ignore[assignment]  # a field's name, which the metaclass takes away
        r"^(file|note)-[0-9]{1,18}$", required=False
    )


class WrittenSerializer(serializers.Serializer[Any]):
    payload = serializers.DictField(help_text="As the kind's `payload` schema says.")
    evidence = serializers.DictField(child=EvidenceSerializer(), default=dict)


class NewActionSerializer(WrittenSerializer):
    ticket = serializers.CharField(max_length=20, help_text="Its reference, such as ESC-1042.")
    kind = serializers.ChoiceField(choices=Kind.choices)

    def ticket_seen_by(self, user: Any) -> Ticket | None:
        """Return the named ticket, or None if `user` sees no such one."""
        number = exact_reference(self.validated_data["ticket"])
        return Ticket.objects.visible_to(user).filter(pk=number or 0).first()


class EditedActionSerializer(WrittenSerializer):
    version = serializers.IntegerField(min_value=1, required=False)


class VersionSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1, required=False)


class ActionReasonSerializer(VersionSerializer):
    reason = serializers.CharField(max_length=1_000)


class RejectionSerializer(serializers.Serializer[Any]):
    digest = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=1_000)


class ApprovalSerializer(serializers.Serializer[Any]):
    """Your password or the code of your app is asked for each time; a token is no proof of who sits there."""

    digest = serializers.CharField(max_length=64, help_text="Of the action as you have read it.")
    accepted = serializers.DictField(
        child=serializers.CharField(max_length=1_000),
        default=dict,
        help_text="A reason for each check that is unknown, by its rule.",
    )
    password = serializers.CharField(
        max_length=200, required=False, trim_whitespace=False, style={"input_type": "password"}
    )
    code = serializers.CharField(max_length=20, required=False)


class KindOfActionSerializer(serializers.Serializer[Any]):
    """A kind of action: the JSON Schema of its payload, and the evidence that it needs."""

    kind = serializers.CharField()
    label = serializers.CharField(source="kind.label")  # type: ignore[assignment]  # likewise
    payload = serializers.SerializerMethodField()
    evidence = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField())
    def get_payload(self, definition: Definition) -> dict[str, Any]:
        return definition.schema()

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_evidence(self, definition: Definition) -> list[dict[str, Any]]:
        return [
            {"key": piece.key, "label": str(piece.label), "file": piece.file, "required": piece.required}
            for piece in definition.evidence
        ]
