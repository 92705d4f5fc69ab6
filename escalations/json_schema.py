"""A category's contract as JSON Schema (draft 2020-12), for clients that escalate over the API."""

from typing import Any

from escalations import contract
from escalations.models import ContractForm

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "maxLength": contract.LONGEST["text"]},
    "long_text": {"type": "string", "maxLength": contract.LONGEST["long_text"]},
    "request": {"type": "string", "maxLength": contract.LONGEST["request"]},
    "reference": {"type": "string", "maxLength": contract.LONGEST["reference"], "pattern": r"^\S+$"},
    "url": {"type": "string", "format": "uri", "pattern": "^https?://", "maxLength": contract.LONGEST["url"]},
    "date": {"type": "string", "format": "date"},
    "number": {"type": ["number", "string"]},
    "money": {
        "type": "object",
        "required": ["amount", "currency"],
        "additionalProperties": False,
        "properties": {
            "amount": {"type": "integer", "description": "Minor units of the currency."},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        },
    },
    "steps": {"type": "array", "items": {"type": "string"}, "maxItems": contract.MOST_STEPS},
}


def of_form(form: ContractForm) -> dict[str, Any]:
    """Return the schema of the `answers` of this version of a form."""
    return {"title": f"{form.category} v{form.version}", **of_fields(form)}


def of_fields(form: ContractForm) -> dict[str, Any]:
    """Return the schema of what the form's fields ask for."""
    schema: dict[str, Any] = {
        "$schema": DRAFT,
        "type": "object",
        "properties": {field["key"]: _property(field) for field in form.fields},
        "required": [field["key"] for field in form.fields if field.get("required") and not field.get("show_if")],
    }
    if conditions := [
        _condition(field) for field in form.fields if field.get("show_if") and field.get("required")
    ]:
        schema["allOf"] = conditions
    return schema


def _property(field: contract.Field) -> dict[str, Any]:
    described: dict[str, Any] = {"title": contract.label(field)}
    if help_text := contract.label(field, "help"):
        described["description"] = help_text
    if field["type"] == "choice":
        return {
            **described,
            "oneOf": [{"const": choice["value"], "title": contract.label(choice)} for choice in field["choices"]],
        }
    return {**described, **_TYPES[field["type"]]}


def _condition(field: contract.Field) -> dict[str, Any]:
    """Say that a field is needed once the one it depends on has certain values."""
    asked = field["show_if"]
    return {
        "if": {"properties": {asked["field"]: {"enum": asked["in"]}}, "required": [asked["field"]]},
        "then": {"required": [field["key"]]},
    }
