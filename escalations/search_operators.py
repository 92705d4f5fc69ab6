"""What the operators of the search box mean: which tickets, and what else one could have typed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role, Team, TeamKind, User
from common import clock
from common.errors import Refused
from escalations import tagging
from escalations.access import let_in
from escalations.models import Attachment, Category, Channel, Customer, MessageKind, Priority, State, Ticket
from escalations.models.customer import customer_words
from escalations.models.ticket import OPEN
from escalations.searching import OPERATORS, Query, Term, completing, parse, tsquery
from knowledgebase.models import KnownIssue

ME, NOBODY = ("me", "yo"), ("nobody", "nadie")
TODAY, YESTERDAY = ("today", "hoy"), ("yesterday", "ayer")
GROUPS = {
    "tickets": ("escalaciones",),
    "customers": ("clientes",),
    "articles": ("articulos", "artículos"),
    "issues": ("problemas",),
    "people": ("personas",),
}
MOST_SUGGESTED = 8

HELP: dict[str, tuple[str | Promise, str]] = {
    "state": (gettext_lazy("In this state"), "state:new,accepted"),
    "owner": (gettext_lazy("Owned by somebody, by you, by nobody"), "owner:me"),
    "team": (gettext_lazy("Worked by this team"), "team:payments"),
    "category": (gettext_lazy("Of this category"), "category:refund"),
    "customer": (gettext_lazy("Of this customer: id, name or mail"), "customer:C-500"),
    "priority": (gettext_lazy("Of this priority"), "priority:P1,P2"),
    "channel": (gettext_lazy("Reached us this way"), "channel:chat"),
    "before": (gettext_lazy("Escalated before this day"), "before:2026-11-01"),
    "after": (gettext_lazy("Escalated on this day or later"), "after:7d"),
    "on": (gettext_lazy("Escalated on this day"), "on:today"),
    "tag": (gettext_lazy("Tagged so by who works it"), "tag:outage"),
    "has": (gettext_lazy("Has it"), "has:attachment"),
    "is": (gettext_lazy("Is so"), "is:overdue"),
    "in": (gettext_lazy("Only among these"), "in:articles"),
}


@dataclass(frozen=True)
class Suggestion:
    """What one could type: the whole query then, the new part of it, and what that means."""

    query: str
    part: str
    meaning: str


def narrowed(tickets: QuerySet[Ticket], query: Query, user: User) -> QuerySet[Ticket]:
    """Return those of `tickets` that the query's operators let through. Raises Refused, naming what is wrong."""
    for one in query.filters:
        if one.operator == "in":
            continue
        condition = Q(pk=None)
        for value in one.values:
            condition |= _CONDITIONS[one.operator](value, user)
        tickets = tickets.filter(~condition if one.is_negated else condition)
    return tickets


def groups_of(query: Query) -> set[str]:
    """Return which groups of results are asked for. Raises Refused.

    Operators other than `in:` narrow tickets, so nothing else is looked for with them.
    """
    groups = set(GROUPS)
    for one in query.filters:
        if one.operator != "in":
            groups &= {"tickets"}
            continue
        named = {
            _coded(value, {key: [key, *others] for key, others in GROUPS.items()}, "in") for value in one.values
        }
        groups &= set(GROUPS) - named if one.is_negated else named
    return groups


def suggestions(text: str, user: User) -> list[Suggestion]:
    """Return what the operator or value that is being typed could become."""
    before, last = completing(text)
    sign, typed = ("-", last[1:]) if last.startswith("-") else ("", last)
    if not typed:
        return []
    name, colon, value = typed.partition(":")
    if not colon:
        offered = [
            Suggestion(f"{before}{sign}{operator}:", f"{operator}:", str(HELP[operator][0]))
            for operator, others in OPERATORS.items()
            if any(one.startswith(name.lower()) for one in (operator, *others)) and len(name) > 1
        ]
        return offered[:MOST_SUGGESTED]
    filters = parse(f"{name}:x").filters
    if not filters:
        return []
    first, _comma, begun = value.rpartition(",")
    kept = f"{first}," if first else ""
    offered = []
    for code, label in _values(filters[0].operator, user):
        if not _folded(begun).strip('"') or any(
            word.startswith(_folded(begun).strip('"')) for word in (_folded(code), *_folded(label).split())
        ):
            part = f"{sign}{name}:{kept}{_quoted(code)}"
            offered.append(Suggestion(f"{before}{part} ", part, capfirst(label)))
    return offered[:MOST_SUGGESTED]


def people(user: User) -> QuerySet[User]:
    """Return the people whom `user` may look for: colleagues of the desk; partners only their own teams'."""
    found = User.objects.filter(is_active=True, is_robot=False)
    if user.reads_all or user.is_l1 or user.is_l2 or user.is_lead:
        return found
    return found.filter(teams__in=list(user.roles)).distinct()


def named(text: str) -> SearchQuery:
    """Return the query for people or customers whose names have each of these words, or words that begin so."""
    terms = [(Term(word.strip('"'), is_begun=True),) for word in text.split() if re.search(r"\w", word)]
    return SearchQuery(tsquery(terms), config="secondline_names", search_type="raw")


def person_words() -> SearchVector:
    return SearchVector("name", "email", config="secondline_names")


def _values(operator: str, user: User) -> list[tuple[str, str]]:
    """Return what an operator can be followed by: (what is typed, what it means)."""
    choices: dict[str, Callable[[], list[tuple[str, str]]]] = {
        "state": lambda: [(str(code), str(label)) for code, label in State.choices],
        "priority": lambda: [(str(label), str(label)) for label in Priority.labels],
        "channel": lambda: [(str(code), str(label)) for code, label in Channel.choices],
        "category": lambda: [(one.key, str(one)) for one in Category.objects.filter(is_active=True)],
        "team": lambda: [(one.name, one.name) for one in _teams(user)],
        "owner": lambda: [
            ("me", _("You")), ("nobody", _("Nobody")),
            *((one.name, one.name) for one in people(user).order_by("name")[:200]),
        ],
        "before": _days, "after": _days, "on": _days,
        "tag": lambda: [(tag, tag) for tag in tagging.suggestions(user)],
        "has": lambda: [(code, str(label)) for code, (_names, label, _is) in HAS.items()],
        "is": lambda: [(code, str(label)) for code, (_names, label, _is) in IS.items()],
        "in": lambda: [(code, "") for code in GROUPS],
    }  # fmt: skip
    return choices[operator]() if operator in choices else []


def _days() -> list[tuple[str, str]]:
    return [
        ("today", _("Today")),
        ("yesterday", _("Yesterday")),
        ("7d", _("7 days ago")),
        ("30d", _("30 days ago")),
    ]


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r'[\s,"]', value) else value


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text.casefold())


def _coded(value: str, names: dict[str, list[str]], operator: str) -> str:
    """Return the code that goes by the name `value`. Raises Refused with what is nearest."""
    by_name = {_folded(name): code for code, all_names in names.items() for name in all_names}
    if (wanted := _folded(value)) in by_name:
        return by_name[wanted]
    near = get_close_matches(wanted, list(by_name), n=3, cutoff=0.5)
    offered = list(dict.fromkeys(by_name[name] for name in near)) or list(names)[:6]
    raise Refused(
        _("“%(operator)s:” knows no “%(value)s”. Try: %(offered)s.")
        % {"operator": operator, "value": value, "offered": ", ".join(offered)}
    )


def _state(value: str, _user: User) -> Q:
    return Q(state=_coded(value, {str(code): [str(code), str(label)] for code, label in State.choices}, "state"))


def _channel(value: str, _user: User) -> Q:
    return Q(
        channel=_coded(value, {str(code): [str(code), str(label)] for code, label in Channel.choices}, "channel")
    )


def _priority(value: str, _user: User) -> Q:
    names = {str(code): [str(label), str(code)] for code, label in Priority.choices}
    return Q(priority=int(_coded(value, names, "priority")))


def _category(value: str, _user: User) -> Q:
    names = {one.key: [one.key, str(one)] for one in Category.objects.all()}
    return Q(category__key=_coded(value, names, "category"))


def _teams(user: User) -> QuerySet[Team]:
    teams = Team.objects.filter(is_active=True)
    return (
        teams.filter(pk__in=user.roles)
        if user.is_partner and len(user.roles) == 1
        else teams.filter(kind=TeamKind.L2)
    )


def _team(value: str, user: User) -> Q:
    names = {str(one.pk): [one.name] for one in _teams(user)}
    begun = [pk for pk, (name,) in names.items() if _folded(name).startswith(_folded(value))]
    return Q(team__in=[int(pk) for pk in begun] or [int(_coded(value, names, "team"))])


def _owner(value: str, user: User) -> Q:
    if value.lower() in ME:
        return Q(owner=user)
    if value.lower() in NOBODY:
        return Q(owner=None)
    found = list(
        people(user).annotate(found_by=person_words()).filter(found_by=named(value)).values_list("pk", flat=True)
    )
    if not found:
        raise Refused(_("Nobody here is called “%s”. An owner is “me”, “nobody” or a name.") % value)
    return Q(owner__in=found)


def _customer(value: str, user: User) -> Q:
    customers = Customer.objects.visible_to(user)
    exact = customers.filter(Q(external_id=value) | Q(email__iexact=value))
    found = (
        exact if exact.exists() else customers.annotate(found_by=customer_words()).filter(found_by=named(value))
    )
    return Q(customer__in=found.values("pk"))


def _tag(value: str, user: User) -> Q:
    return tagging.read_by(user) & Q(tags__contains=[tagging.normalised(value)])


def _day(value: str) -> date:
    today = clock.now().astimezone(get_current_timezone()).date()
    if value.lower() in TODAY:
        return today
    if value.lower() in YESTERDAY:
        return today - timedelta(days=1)
    if ago := re.fullmatch(r"([0-9]{1,4})d", value.lower()):
        return today - timedelta(days=int(ago[1]))
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Refused(
            _("“%s” is not a day. Write it as 2026-11-28, “today”, “yesterday” or “7d”.") % value
        ) from None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), get_current_timezone())


def _before(value: str, _user: User) -> Q:
    return Q(created_at__lt=_midnight(_day(value)))


def _after(value: str, _user: User) -> Q:
    return Q(created_at__gte=_midnight(_day(value)))


def _on(value: str, _user: User) -> Q:
    day = _day(value)
    return Q(created_at__gte=_midnight(day), created_at__lt=_midnight(day) + timedelta(days=1))


def _attached(user: User) -> Q:
    """Files that the person may read, whatever they are to the ticket."""
    files = Attachment.objects.filter(ticket=OuterRef("pk"))
    internal = Q(message__kind__in=[MessageKind.NOTE, MessageKind.PARTNER])
    any_file = Q(Exists(files))
    if user.reads_all:
        return any_file
    followed = Q(Exists(files.exclude(internal)))
    works, follows = stances(user)
    return (works & any_file) | (follows & followed) | Q(Exists(files.filter(message=None)))


def stances(user: User) -> tuple[Q, Q]:
    """Return which tickets the person works on, and which they follow, as conditions (see `access`).

    As if they worked on it, they read what is restricted and has them on its list.
    """
    works = Q(team__in=user.teams_as(Role.L2, Role.LEAD)) | let_in(user)
    return works, Q(created_by=user) | Q(l1_team__in=user.teams_as(Role.L1, Role.LEAD))


def _followed(condition: Q) -> Callable[[User], Q]:
    """What is only told to who works or follows the ticket: not to partners."""

    def told(user: User) -> Q:
        if user.reads_all:
            return condition
        works, follows = stances(user)
        return (works | follows) & condition

    return told


HAS: dict[str, tuple[tuple[str, ...], str | Promise, Callable[[User], Q]]] = {
    "attachment": (("adjunto", "file", "archivo"), gettext_lazy("A file"), _attached),
    "answer": (("respuesta",), gettext_lazy("An answer to the customer"), _followed(~Q(answer_to_customer=""))),
    "promise": (("promesa",), gettext_lazy("A promised update"), _followed(Q(promised_for__isnull=False))),
    "knownissue": (
        ("issue", "problema"), gettext_lazy("A known issue"),
        lambda user: Q(known_issue__in=KnownIssue.objects.visible_to(user).values("pk")),
    ),
    "transaction": (
        ("transaccion", "transacción"), gettext_lazy("A transaction id"), lambda _user: ~Q(transaction_ref=""),
    ),
}  # fmt: skip
IS: dict[str, tuple[tuple[str, ...], str | Promise, Callable[[User], Q]]] = {
    "open": (("abierta", "abierto"), gettext_lazy("Not finished"), lambda _user: Q(state__in=OPEN)),
    "over": (("terminada", "terminado"), gettext_lazy("Finished"), lambda _user: ~Q(state__in=OPEN)),
    "overdue": (
        ("vencida", "vencido"), gettext_lazy("Past its deadline"),
        lambda user: _followed(Q(next_due_at__lt=clock.now()))(user),
    ),
    "reopened": (("reabierta", "reabierto"), gettext_lazy("Was reopened"), _followed(Q(reopen_count__gt=0))),
    "returned": (("devuelta", "devuelto"), gettext_lazy("Was returned"), _followed(Q(return_count__gt=0))),
}  # fmt: skip


def _has(value: str, user: User) -> Q:
    return HAS[_coded(value, {code: [code, *names] for code, (names, _label, _is) in HAS.items()}, "has")][2](user)


def _is(value: str, user: User) -> Q:
    return IS[_coded(value, {code: [code, *names] for code, (names, _label, _is) in IS.items()}, "is")][2](user)


_CONDITIONS: dict[str, Callable[[str, User], Q]] = {
    "state": _state, "owner": _owner, "team": _team, "category": _category, "customer": _customer,
    "priority": _priority, "channel": _channel, "before": _before, "after": _after, "on": _on,
    "tag": _tag, "has": _has, "is": _is,
}  # fmt: skip
