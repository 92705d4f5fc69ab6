"""Where a figure leads: to the tickets behind it. Every link of the reports is made here."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from reports.selection import Selection


def behind(selection: Selection, measure: str, bucket: int | None = None, **narrower: Any) -> str:
    """Return the address of the tickets that make up one figure, exactly.

    `narrower` overrides parameters of the selection (`since`, `until`, `agent`, `category` …).
    """
    chosen = {**parameters(selection), "measure": measure, "bucket": bucket, **narrower}
    return _address("figure_tickets", chosen)


def queue(selection: Selection, category_keys: Mapping[int, str], **filters: Any) -> str:
    """Return the address of the queue, narrowed as the selection is, for what is true only now."""
    chosen = {
        "scope": "open",
        "team": selection.teams,
        "category": category_keys.get(selection.category) if selection.category else None,
        "channel": selection.channel,
        "priority": selection.priority,
        "owner": selection.agent,
        **filters,
    }
    return _address("queue", chosen)


def parameters(selection: Selection) -> dict[str, Any]:
    """Return a selection as the parameters of an address (see reports.forms.figures)."""
    return {
        "since": selection.first,
        "until": selection.last,
        "team": selection.teams[0] if selection.teams and len(selection.teams) == 1 else None,
        "category": selection.category,
        "channel": selection.channel,
        "priority": selection.priority,
        "agent": selection.agent,
    }


def dashboard(selection: Selection, **different: Any) -> str:
    """Return the address of the dashboard for a selection."""
    return _address("dashboard", {**parameters(selection), **different})


def csv(selection: Selection, table: str) -> str:
    """Return the address of one of the dashboard's tables as CSV."""
    return f"{reverse('dashboard_csv', args=[table])}?{_query(parameters(selection))}"


def _address(name: str, chosen: Mapping[str, Any]) -> str:
    return f"{reverse(name)}?{_query(chosen)}"


def _query(chosen: Mapping[str, Any]) -> str:
    given = {key: value for key, value in chosen.items() if value not in (None, "", ())}
    return urlencode(given, doseq=True)
