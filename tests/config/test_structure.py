"""Rules of the design that the repository checks about itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

BASE_DIR = Path(__file__).resolve().parents[2]
APPS = [
    "accounts",
    "actions",
    "audit",
    "compliance",
    "events",
    "incidents",
    "knowledgebase",
    "points",
    "escalations",
    "reports",
    "integrations",
    "investigations",
]

# What not everybody may see: a view asks for it by `.objects.visible_to(user)` and in no other way.
GUARDED = {
    "Action", "Alert", "Incident", "Ticket", "Customer", "Attachment", "Article", "KnownIssue",
    "Baton", "BatonItem",
    "Case", "Document", "Pack",
}  # fmt: skip
SHORTCUTS = {"get_object_or_404", "get_list_or_404"}

EDGES = {
    "urls",
    "views",
    "api",
    "admin",
    "tasks",
    "management",
    "forms",
    "apps",
    "migrations",
    "templatetags",
}
KNOWS_HTTP = ("django.http", "django.shortcuts", "django.views", "rest_framework", "celery", "django_htmx")
# Modules outside views/ that exist to know HTTP, each with its reason.
HTTP_BY_NATURE = {
    "accounts/preferences.py": "a middleware",
    "accounts/sign_in.py": "allauth's adapter",
    "accounts/single_sign_on.py": "allauth's adapter",
    "accounts/lockout.py": "axes's handler",
    "audit/watching.py": "a middleware",
    "incidents/watching.py": "a middleware",
}


def _modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in BASE_DIR.glob(folder))


def _name(path: Path) -> str:
    return str(path.relative_to(BASE_DIR))


def bare_reads(source: str) -> Iterator[str]:
    """Yield the lines of a view that reach guarded objects without asking who looks."""
    tree = ast.parse(source)
    asked = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"visible_to", "none"}
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in {"objects", "_default_manager", "_base_manager"}
            and _last_name(node.value) in GUARDED
            and id(node) not in asked
        ):
            yield f"line {node.lineno}: {ast.unparse(node)} without visible_to"
        if (
            isinstance(node, ast.Call)
            and _last_name(node.func) in SHORTCUTS
            and node.args
            and _last_name(node.args[0]) in GUARDED
        ):
            yield f"line {node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.ClassDef) and node.name != "Meta":
            for statement in node.body:
                if (
                    isinstance(statement, ast.Assign)
                    and ast.unparse(statement.targets[0]) == "model"
                    and _last_name(statement.value) in GUARDED
                ):
                    yield f"line {statement.lineno}: a generic view of every {ast.unparse(statement.value)}"


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize(
    "source",
    [
        "Ticket.objects.get(pk=1)",
        "tickets = Ticket.objects\ntickets.all()",
        "models.Customer.objects.filter(a=1).visible_to(user)",
        "Article._default_manager.all()",
        "get_object_or_404(Ticket, pk=1)",
        "shortcuts.get_object_or_404(KnownIssue.objects.all(), pk=1)",
        "class Detail(DetailView):\n    model = Attachment",
    ],
)
def test_the_check_sees_a_bare_read(source):
    assert list(bare_reads(source))


@pytest.mark.parametrize(
    "source",
    [
        "Ticket.objects.visible_to(user).get(pk=1)",
        "get_object_or_404(Ticket.objects.visible_to(user), pk=1)",
        "Team.objects.all()",
        "class Shape(Serializer):\n    class Meta:\n        model = Ticket",
    ],
)
def test_the_check_lets_a_guarded_read_pass(source):
    assert not list(bare_reads(source))


VIEWS = [
    pattern.format(app=app)
    for app in APPS
    for pattern in ("{app}/views/**/*.py", "{app}/views.py", "{app}/api/**/*.py", "{app}/api.py")
]


@pytest.mark.parametrize("path", _modules(*VIEWS), ids=_name)
def test_views_never_read_what_the_person_may_not_see(path):
    assert not list(bare_reads(path.read_text()))


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield every module imported at run time; TYPE_CHECKING blocks bind nothing."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        pending.extend(ast.iter_child_nodes(node))


DOMAIN = [
    path
    for path in _modules(*(f"{app}/**/*.py" for app in [*APPS, "redaction"]))
    if not EDGES & {part.removesuffix(".py") for part in path.relative_to(BASE_DIR).parts[1:]}
]


@pytest.mark.parametrize("path", DOMAIN, ids=_name)
def test_domain_modules_know_neither_http_nor_drf_nor_celery(path):
    known = [
        name
        for name in _imports(ast.parse(path.read_text()))
        if any(name == banned or name.startswith(f"{banned}.") for banned in KNOWS_HTTP)
    ]
    assert not known or _name(path) in HTTP_BY_NATURE


def test_no_module_is_named_for_nothing():
    vague = {"services.py", "utils.py", "helpers.py", "managers.py"}
    assert not [_name(path) for path in _modules(*(f"{app}/**/*.py" for app in APPS)) if path.name in vague]


TEMPLATES = _modules("templates/**/*.html")


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_templates_hold_nothing_inline(path):
    """A handler or style in an attribute would need a hole in the content security policy."""
    found = re.findall(r"""\s(?:on[a-z]+|style)\s*=\s*["']""", path.read_text())
    assert not found


@pytest.mark.parametrize("document", ["docs/pci.md", "THREAT_MODEL.md"])
def test_what_an_assessor_is_told_exists(document: str):
    """Tests and files that are named are there."""
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?(?:: \w+)?`", (BASE_DIR / document).read_text())
    assert len(named) > 50
    for file, test in named:
        path = BASE_DIR / file
        assert path.is_file(), file
        assert not test or re.search(rf"def {test}\(", path.read_text()), f"{file}::{test}"
