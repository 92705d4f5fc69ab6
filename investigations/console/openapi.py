"""The operations of an OpenAPI document (3.0, 3.1; JSON or YAML) as templates of requests.

Nothing is fetched: a $ref leads within the document or is refused. Aliases of YAML are refused, too, since a few
lines of them unfold to gigabytes.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.db import transaction
from django.utils.translation import gettext as _

import redaction
from accounts.models import User
from common import clock
from common.errors import NotAllowed, Refused
from events import recording
from investigations.console import environments
from investigations.models import WRITING, Method, RequestTemplate

SUBJECT, IMPORTED, REMOVED = "request_templates", "request_templates.imported", "request_templates.removed"
LARGEST = 2 * 1024 * 1024  # bytes
LARGEST_YAML = 1024 * 1024  # bytes; reading it takes some thirty times as long as JSON
MOST_OPERATIONS = 500
DEEPEST = 8
DEEPEST_YAML = 100
LONGEST_BODY = 20_000


@dataclass(frozen=True)
class Operation:
    """What a document offers. `parameters`: [name, where, whether it is needed, what for]."""

    name: str
    method: str
    path: str
    headers: list[list[str]] = field(default_factory=list)
    body: str = ""
    parameters: list[list[Any]] = field(default_factory=list)


@transaction.atomic
def take(integration: str, content: bytes, *, by: User) -> int:
    """Put the document's operations in place of the integration's templates; return how many. Raises Refused."""
    if not environments.may_change(by):
        raise NotAllowed(_("Only leads and admins set environments up."))
    found = read(content)
    name = " ".join(redaction.clean(integration).split())[:80]
    if not name:
        raise Refused(_("Say which integration this is."), field="integration")
    RequestTemplate.objects.filter(integration=name).delete()
    RequestTemplate.objects.bulk_create(
        RequestTemplate(
            integration=name, name=one.name, method=one.method, path=one.path, headers=one.headers, body=one.body,
            parameters=one.parameters, added_by=by, added_at=clock.now(),
        )
        for one in found
    )  # fmt: skip
    newest = RequestTemplate.objects.filter(integration=name).latest("pk")
    recording.record(
        IMPORTED, subject=(SUBJECT, newest.pk), by=by, data={"integration": name, "operations": len(found)}
    )
    return len(found)


@transaction.atomic
def remove(integration: str, *, by: User) -> None:
    """Take an integration's templates away. Raises NotAllowed."""
    if not environments.may_change(by):
        raise NotAllowed(_("Only leads and admins set environments up."))
    ids = list(RequestTemplate.objects.filter(integration=integration).values_list("pk", flat=True))
    if ids:
        RequestTemplate.objects.filter(pk__in=ids).delete()
        recording.record(REMOVED, subject=(SUBJECT, max(ids)), by=by, data={"integration": integration})


def read(content: bytes) -> list[Operation]:
    """Return the operations of a document. Raises Refused (field `file`), saying what is wrong with it."""
    document = _document(content)
    version = str(document.get("openapi", ""))
    if not version.startswith(("3.0", "3.1")):
        raise _refusal(_("This is no OpenAPI document of version 3.0 or 3.1."))
    _stays_inside(document)
    paths = document.get("paths")
    found: list[Operation] = []
    for path, item in (paths if isinstance(paths, dict) else {}).items():
        item = _followed(item, document)
        if not isinstance(path, str) or not path.startswith("/") or not isinstance(item, dict) or len(path) > 1000:
            continue
        for method in (one for one in Method.values if isinstance(item.get(one.lower()), dict)):
            found.append(_operation(document, path, method, item))
            if len(found) > MOST_OPERATIONS:
                raise _refusal(_("It has more than %d operations.") % MOST_OPERATIONS)
    if not found:
        raise _refusal(_("It describes no operation."))
    return found


def _refusal(sentence: str) -> Refused:
    return Refused(sentence, field="file")


class _Loader(yaml.CSafeLoader):
    """Reads YAML as JSON could be written: no dates."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for letter, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _document(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST:
        raise _refusal(_("The document is larger than %d MB.") % (LARGEST // 1024**2))
    try:
        text = content.decode("utf-8-sig")
        found = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise _refusal(
            _("This can't be read: it is neither JSON nor plain YAML (no aliases, at most 100 levels).")
        ) from error
    if not isinstance(found, dict):
        raise _refusal(_("This is no OpenAPI document of version 3.0 or 3.1."))
    return found


def _yaml(text: str) -> Any:
    if len(text) > LARGEST_YAML:
        raise _refusal(_("YAML larger than 1 MB takes too long to read: turn it into JSON first."))
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):  # lazily, so that it ends where it gets too deep
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > DEEPEST_YAML:
            raise yaml.YAMLError
    return yaml.load(text, _Loader)  # noqa: S506  a safe one


def _stays_inside(document: dict[str, Any]) -> None:
    """Raise Refused where a $ref leads out of the document."""
    left: list[Any] = [document]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            to = node.get("$ref")
            if isinstance(to, str) and not to.startswith("#/"):
                raise _refusal(
                    _("It refers to another document (%s), which is not fetched. Bundle it into one first.")
                    % to[:100]
                )
            left += node.values()
        elif isinstance(node, list):
            left += node


def _followed(node: Any, document: dict[str, Any]) -> Any:
    """Return what a $ref leads to, a few of them in a row at most; None where it leads to nothing."""
    for _step in range(DEEPEST):
        if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
            return node
        target: Any = document
        for part in node["$ref"][2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, dict) else None
        node = target
    return None


def _operation(document: dict[str, Any], path: str, method: str, item: dict[str, Any]) -> Operation:
    operation = item[method.lower()]
    listed = [*_list(item.get("parameters")), *_list(operation.get("parameters"))]
    parameters = [one for one in (_followed(entry, document) for entry in listed) if isinstance(one, dict)]
    query, headers = [], []
    for one in parameters:
        value = _parameter(one, document)
        name = _said(one.get("name"))[:100]
        if one.get("in") == "query" and one.get("required"):
            query.append(f"{name}={value or '{' + name + '}'}")
        elif one.get("in") == "header" and one.get("required"):
            headers.append([name, value])
    body, kind = _body(document, operation) if method in WRITING else ("", "")
    if kind:
        headers.append(["Content-Type", kind])
    title = str(operation.get("summary") or operation.get("operationId") or f"{method} {path}")
    return Operation(
        name=_said(title)[:160],
        method=method,
        path=(_said(path) + ("?" + "&".join(query) if query else ""))[:2000],
        headers=headers[:20],
        body=body,
        parameters=[
            [
                _said(one.get("name"))[:100], _said(one.get("in"))[:10], bool(one.get("required")),
                _said(one.get("description"))[:200],
            ]
            for one in parameters[:50]
        ],
    )  # fmt: skip


def _said(value: Any) -> str:
    """Return it as one line that may be kept."""
    text = " ".join(str(value or "").replace("\x00", "").split()).encode("utf-8", "replace").decode()
    return redaction.clean(text)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _parameter(parameter: dict[str, Any], document: dict[str, Any]) -> str:
    value = parameter.get("example")
    if value is None:
        value = _example(parameter.get("schema"), document, DEEPEST - 2)
    return _said(value)[:200] if isinstance(value, str | int | float) else ""


def _body(document: dict[str, Any], operation: dict[str, Any]) -> tuple[str, str]:
    content = (_followed(operation.get("requestBody"), document) or {}).get("content")
    if not isinstance(content, dict) or not content:
        return "", ""
    kind = next((str(one) for one in content if "json" in str(one)), str(next(iter(content))))
    media = content[kind] if isinstance(content.get(kind), dict) else {}
    examples = media.get("examples")
    first = _followed(next(iter(examples.values()), None), document) if isinstance(examples, dict) else None
    value = media.get("example", first.get("value") if isinstance(first, dict) else None)
    if value is None:
        value = _example(media.get("schema"), document, 0)
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)
    text = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return redaction.clean(text)[:LONGEST_BODY], _said(kind)[:100]


def _example(schema: Any, document: dict[str, Any], depth: int) -> Any:
    """Return a value that a schema allows, or something like it."""
    schema = _followed(schema, document)
    if not isinstance(schema, dict) or depth > DEEPEST:
        return None
    for word in ("example", "default", "const"):
        if word in schema:
            return schema[word]
    for word in ("examples", "enum"):
        if _list(schema.get(word)):
            return schema[word][0]
    for word in ("oneOf", "anyOf"):
        if _list(schema.get(word)):
            return _example(schema[word][0], document, depth + 1)
    if _list(schema.get("allOf")):
        parts = [_example(one, document, depth + 1) for one in schema["allOf"][:20]]
        return {key: value for part in parts if isinstance(part, dict) for key, value in part.items()}
    properties = schema.get("properties")
    if isinstance(properties, dict):
        some = list(properties.items())[:60]
        return {str(name): _example(one, document, depth + 1) for name, one in some}
    kinds = schema.get("type")
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    if kind == "array":
        return [_example(schema.get("items"), document, depth + 1)]
    return {"integer": 0, "number": 0, "boolean": False, "string": "", "object": {}}.get(str(kind))
