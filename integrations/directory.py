"""Who and what a history names: found in the desk, or added, many at once."""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib.auth.hashers import make_password
from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext as _

import redaction
from accounts.models import Team, TeamKind, User
from common import clock
from escalations.models import Category, Customer, Reason, ReasonKind

EMAIL_DOMAIN = "imported.invalid"

M = TypeVar("M", bound=models.Model)


class Clash(Exception):
    """A name of the history is taken by something else on the desk; the message says by what."""


class Keyed(Generic[M]):
    """Rows by a natural key, fetched once; those missing are added in bulk.

    `scope` narrows which stored rows count, `make` turns a missing key into a new row.
    """

    def __init__(self, model: type[M], field: str, make: Callable[[str], M], **scope: Any) -> None:
        self._model, self._field, self._make, self._scope = model, field, make, scope
        self._known: dict[str, M] = {}

    def ensure(self, keys: Iterable[str]) -> None:
        """Have a row for each of `keys`. Raises Clash."""
        missing = {key for key in keys if key not in self._known}
        if not missing:
            return
        self._fetch(missing)
        if new := sorted(missing - self._known.keys()):
            self._model._default_manager.bulk_create(map(self._make, new), ignore_conflicts=True)
            self._fetch(set(new))
        if lost := sorted(missing - self._known.keys()):
            raise Clash(
                _("“%(name)s” is something else on this desk already (%(kind)s).")
                % {"name": lost[0], "kind": self._model._meta.verbose_name}
            )

    def __getitem__(self, key: str) -> M:
        return self._known[key]

    def _fetch(self, keys: set[str]) -> None:
        for row in self._model._default_manager.filter(**{f"{self._field}__in": keys}, **self._scope):
            self._known[getattr(row, self._field)] = row


def slug(text: str, longest: int = 60) -> str:
    """Return `text` as a key of letters, digits and hyphens.

    Where something of the text is lost in it, a checksum keeps different texts apart.
    """
    plain = " ".join(text.split()).lower()
    key = slugify(plain)
    if key == plain.replace(" ", "-") and 0 < len(key) <= longest:
        return key
    return f"{key[: longest - 9].strip('-')}-{zlib.crc32(plain.encode()):08x}".lstrip("-")


def email_of(name: str) -> str:
    """Return the address, which no mail can reach, under which an imported person is known."""
    return f"{slug(redaction.clean(name))}@{EMAIL_DOMAIN}"


@dataclass(frozen=True)
class NewCustomer:
    """A customer as a history knows them."""

    name: str
    segment: str = "consumer"
    country: str = ""
    email: str = ""


class Directory:
    """The people, teams, categories, customers and codes of one import.

    What is added stays out of the live desk's way: people and teams are inactive,
    categories and codes are not offered.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._new_customers: dict[str, NewCustomer] = {}
        self.teams = Keyed(Team, "name", self._team, kind=TeamKind.L2)
        self._people = Keyed(User, "email", self._person)
        self._categories = Keyed(Category, "key", self._category)
        self._resolutions = Keyed(Reason, "key", self._resolution, kind=ReasonKind.RESOLUTION)
        self._customers = Keyed(Customer, "external_id", self._customer)

    def ensure_people(self, names: Iterable[str]) -> None:
        self._people.ensure(self._remember(names, email_of))

    def ensure_categories(self, names: Iterable[str]) -> None:
        self._categories.ensure(self._remember(names, _imported_key))

    def ensure_resolutions(self, names: Iterable[str]) -> None:
        self._resolutions.ensure(self._remember(names, _imported_key))

    def ensure_customers(self, customers: dict[str, NewCustomer]) -> None:
        """Have the customers of these external ids."""
        self._new_customers = customers
        self._customers.ensure(customers)

    def person(self, name: str) -> User:
        return self._people[email_of(name)]

    def category(self, name: str) -> Category:
        return self._categories[_imported_key(name)]

    def resolution(self, name: str) -> Reason:
        return self._resolutions[_imported_key(name)]

    def customer(self, external_id: str) -> Customer:
        return self._customers[external_id]

    def _remember(self, names: Iterable[str], key_of: Callable[[str], str]) -> set[str]:
        keys = {key_of(name): name for name in names}
        self._names |= keys
        return set(keys)

    def _team(self, name: str) -> Team:
        return Team(name=redaction.clean(name)[:80], kind=TeamKind.L2, is_active=False)

    def _person(self, email: str) -> User:
        name = redaction.clean(self._names[email])[:120]
        return User(email=email, name=name, password=make_password(None), is_active=False, is_robot=True)

    def _category(self, key: str) -> Category:
        return Category(key=key, name=redaction.clean(self._names[key])[:120], is_active=False, position=1000)

    def _resolution(self, key: str) -> Reason:
        name = redaction.clean(self._names[key])[:120]
        return Reason(kind=ReasonKind.RESOLUTION, key=key, name=name, is_active=False, position=1000)

    def _customer(self, external_id: str) -> Customer:
        new = self._new_customers[external_id]
        return Customer(
            external_id=external_id,
            name=redaction.clean(new.name)[:160],
            email=redaction.clean(new.email)[:254],
            segment=new.segment,
            country=new.country[:2],
            created_at=clock.now(),
        )


def _imported_key(name: str) -> str:
    return f"imported-{slug(redaction.clean(name), 50)}"
