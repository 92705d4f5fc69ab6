"""The order of modules inside an app, as a contract for import-linter."""

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

MODELS, DOMAIN, FORMS, EDGE, ROUTES = range(5)

RANKS = {
    "models": MODELS,
    "migrations": ROUTES,
    "forms": FORMS,
    "views": EDGE,
    "api": EDGE,
    "admin": EDGE,
    "tasks": EDGE,
    "management": EDGE,
    "templatetags": EDGE,
    "urls": ROUTES,
    "apps": ROUTES,
}


class OrderInsideAnApp(Contract):
    """urls → views | api | admin | tasks | management → forms → domain modules → models.

    Within an app nothing imports what stands above it, and the parts of one
    line never import each other. A module that models need (an enumeration,
    say) may stand beside them as long as it imports no models itself.
    Across apps, nothing below the forms reaches for another app's forms,
    views or tasks.
    """

    type_name = "order_inside_an_app"

    apps = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        apps = set(self.contract_options["apps"])
        wrong = [
            {"importer": importer, "imported": imported, "lines": _lines(graph, importer, imported)}
            for importer in sorted(graph.modules)
            if _app(importer) in apps
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if _app(imported) in apps and not _permitted(graph, importer, imported)
        ]
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for entry in check.metadata["wrong"]:
            output.print_error(f"{entry['importer']} may not import {entry['imported']} ({entry['lines']})")


def _app(module: str) -> str:
    return module.partition(".")[0]


def _part(module: str) -> str:
    return [*module.split("."), ""][1]


def _rank(module: str) -> int:
    return RANKS.get(_part(module), DOMAIN)


def _permitted(graph: ImportGraph, importer: str, imported: str) -> bool:
    above, below = _rank(importer), _rank(imported)
    if _app(importer) != _app(imported):
        return below < FORMS or above >= below
    if _part(importer) == _part(imported) or not _part(importer) or not _part(imported):
        return True
    if above == MODELS and below == DOMAIN:
        models = f"{_app(importer)}.models"
        return not graph.find_shortest_chain(imported, models, as_packages=True)
    if above == below:
        return above == DOMAIN
    return above > below


def _lines(graph: ImportGraph, importer: str, imported: str) -> str:
    details: list[Any] = list(graph.get_import_details(importer=importer, imported=imported))
    return ", ".join(f"line {detail['line_number']}" for detail in details)
