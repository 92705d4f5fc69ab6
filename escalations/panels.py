"""Panels that upper apps put on the pages of tickets and of customers.

An upper app registers its panel when it starts, so that this app never reaches up.
"""

from collections.abc import Callable
from dataclasses import dataclass

from accounts.models import User
from escalations.models import Customer, Ticket


@dataclass(frozen=True)
class Panel:
    """A named part of the ticket page. `render` returns safe HTML, or "" to show nothing."""

    name: str
    render: Callable[[Ticket, User], str]


_panels: dict[str, Panel] = {}
_of_customers: dict[str, Callable[[Customer, User], str]] = {}


def register(name: str, render: Callable[[Ticket, User], str]) -> None:
    """Show `render`'s HTML on every ticket page. Registering a name again replaces it."""
    _panels[name] = Panel(name, render)


def rendered(ticket: Ticket, user: User) -> list[str]:
    """Return the HTML of every panel that has something to show to `user`."""
    return [html for panel in _panels.values() if (html := panel.render(ticket, user))]


def register_of_customers(name: str, render: Callable[[Customer, User], str]) -> None:
    """Show `render`'s HTML on every customer's page. Registering a name again replaces it."""
    _of_customers[name] = render


def rendered_of_customer(customer: Customer, user: User) -> list[str]:
    """Return the HTML of every panel about the customer that has something to show to `user`."""
    return [html for render in _of_customers.values() if (html := render(customer, user))]
