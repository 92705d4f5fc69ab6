"""The page that explains the API, made from its OpenAPI document."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

Schema = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Field:
    """A parameter, or a member of a body."""

    name: str
    kind: str
    where: str
    required: bool
    description: str


@dataclass(frozen=True)
class Operation:
    """What one method does at one path."""

    method: str
    path: str
    description: str
    fields: list[Field]
    answers: list[tuple[str, str]]


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """Show every operation of the API with what it takes and answers."""
    schema: Schema = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    groups: dict[str, list[Operation]] = defaultdict(list)
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                groups[_group(path)].append(_operation(path, method, methods[method], schema))
    return render(request, "api_docs.html", {"info": schema["info"], "groups": sorted(groups.items())})


def _group(path: str) -> str:
    parts = path.strip("/").split("/")
    return parts[2] if len(parts) > 2 else parts[-1]


def _operation(path: str, method: str, given: Schema, schema: Schema) -> Operation:
    parameters = [
        Field(
            name=one["name"],
            kind=_kind(one.get("schema", {})),
            where=one["in"],
            required=one.get("required", False),
            description=one.get("description", ""),
        )
        for one in given.get("parameters", [])
    ]
    content = given.get("requestBody", {}).get("content", {}).get("application/json", {})
    members = list(_members(content.get("schema", {}), schema))
    answers = [(code, _answer(answer)) for code, answer in given.get("responses", {}).items()]
    return Operation(method.upper(), path, given.get("description", ""), [*parameters, *members], answers)


def _members(body: Schema, schema: Schema) -> Iterator[Field]:
    found = _resolved(body, schema)
    needed = found.get("required", [])
    for name, member in found.get("properties", {}).items():
        description = member.get("description", "")
        yield Field(name, _kind(member), "body", name in needed, description)


def _resolved(part: Schema, schema: Schema) -> Schema:
    if "$ref" in part:
        resolved: Schema = schema["components"]["schemas"][_name(part)]
        return resolved
    return part


def _kind(part: Schema) -> str:
    """Return the type in a few words: text, Customer, list of integer…"""
    if "$ref" in part:
        return _name(part)
    for key in ("allOf", "oneOf", "anyOf"):
        if key in part:
            return " | ".join(_kind(one) for one in part[key])
    if part.get("type") == "array":
        return f"{_kind(part.get('items', {}))}[]"
    if "enum" in part:
        return " | ".join(str(value) for value in part["enum"])
    return str(part.get("format") or part.get("type", ""))


def _name(part: Schema) -> str:
    return str(part["$ref"]).rpartition("/")[2]


def _answer(answer: Schema) -> str:
    content = answer.get("content", {}).get("application/json", {})
    return _kind(content.get("schema", {})) or answer.get("description", "")
