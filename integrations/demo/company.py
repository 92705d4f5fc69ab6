"""The demo company, made in one go: people, knowledge, customers and six weeks of cases.

Everything follows from the seed and the present moment. The past is replayed in memory and kept in bulk;
nothing of it is owed to anybody, but one event per batch lets the metrics be computed.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.db import connection, transaction

import redaction
from accounts import people as accounts_people
from accounts.models import User
from common import clock
from common.errors import Refused
from escalations import calendars, contract, defaults, demo, lexicon, policies
from escalations.defaults.service_levels import MANILA_EVENING
from escalations.models import Category, ContractForm, Reason, RootCause, State, Ticket
from escalations.priorities import usual_priority
from events.models import Delivery
from integrations import storing
from integrations.demo import climbs, customers, incidents, knowledge, people, prepared, restricted, rosters
from integrations.demo.arrivals import WEEKS, Arrival, Reception
from integrations.demo.facts import Facts, fill_in, gather
from integrations.demo.scenarios import all_scenarios
from integrations.demo.shelf import Shelf
from integrations.demo.telling import Telling
from integrations.replay import Replay

SEED = 1042
TICKETS = 1900
CUSTOMERS = 620

_BATCH = 400
_WRONG_CATEGORY_SHARE = 0.04
_TWIN_SHARE = 0.015
_CARD_SHARE = 0.004
_LEVELS = {1: (1, 1), 2: (2, 1), 3: (2, 2), 4: (3, 2)}

#: Shows progress over what it passes on.
Progress = Callable[[list[Arrival]], Iterable[Arrival]]


@transaction.atomic
def load(
    *,
    seed: int = SEED,
    tickets: int = TICKETS,
    now: datetime | None = None,
    progress: Progress = lambda arrivals: arrivals,
) -> list[Ticket]:
    """Fill an empty desk with the demo company as it is `now`, and return its tickets.

    `tickets` are the ordinary ones; the planted trend and a few of the last hours come on top.
    Raises Refused when there are people already.
    """
    if User.objects.filter(is_robot=False).exists():
        raise Refused("There are people here already: the demo company needs an empty database.")
    now = now or clock.now()
    rng = Random(seed)  # noqa: S311 - a story, not a secret
    shelf = _open_for_business(now)
    known = customers.sign_up(rng, CUSTOMERS, since=now - timedelta(weeks=WEEKS))
    arrivals = Reception(rng, shelf.staff, known).six_weeks(tickets, now)
    forms = {category.pk: _form(category) for category in shelf.categories.values()}
    replays: list[Replay] = []
    for number, arrival in enumerate(progress(arrivals)):
        replays += _tell(arrival, shelf, forms, Random(f"{seed}:{number}"), now)  # noqa: S311 - likewise
    kept = _keep(replays)
    climbs.lay_out(shelf.staff)
    climbs.take_steps(kept, now)
    rosters.hand_over(shelf.staff, now)
    incidents.lay_out(kept, shelf.staff, now)
    restricted.restrict(shelf.staff, now)
    lexicon.count()
    demo.lay_out(now)
    return kept


def _open_for_business(now: datetime) -> Shelf:
    """Set up catalogue, people and knowledge."""
    with clock.replaying(now - timedelta(weeks=WEEKS + 40)):
        defaults.seed()
    staff = people.hire()
    rosters.publish(staff, now)
    categories = {category.key: category for category in Category.objects.all()}
    for key, team in {scenario.category: scenario.team for scenario in all_scenarios()}.items():
        categories[key].team = staff.teams[team]
        categories[key].save(update_fields=["team"])
    shelf = Shelf(
        staff=staff,
        system=accounts_people.system(),
        rules=policies.rulebook(),
        categories=categories,
        reasons={(reason.kind, reason.key): reason for reason in Reason.objects.all()},
        partner_hours=calendars.current(MANILA_EVENING),
        causes={cause.key: cause for cause in RootCause.objects.all()},
        articles=knowledge.write_articles(now),
        issues=knowledge.open_issues(now),
        close_after=timedelta(days=settings.CLOSE_AFTER_DAYS),
        rating_days=settings.RATING_LINK_DAYS,
    )
    prepared.prepare(staff)
    # All this is written by the usual functions, which owe their events; the past owes nothing.
    Delivery.objects.all().delete()
    return shelf


def _form(category: Category) -> ContractForm:
    form = category.current_form
    if form is None:
        raise Refused(f"The category “{category}” has no form: seed the catalogue first.")
    return form


def _tell(
    arrival: Arrival, shelf: Shelf, forms: dict[int, ContractForm], rng: Random, now: datetime
) -> list[Replay]:
    """Tell one case, and its twin where a colleague escalated it, too."""
    facts = gather(rng, arrival.scenario, arrival.customer, arrival.customer.language, arrival.at)
    case = _begin(arrival, facts, shelf, forms, rng, now)
    told = [case.replay]
    if not arrival.halt and rng.random() < _TWIN_SHARE:
        colleague = rng.choice(shelf.staff.members[arrival.l1_team])
        later = arrival._replace(at=arrival.at + timedelta(minutes=rng.randrange(4, 40)), agent=colleague)
        if later.at < now:
            case.twin = _begin(later, facts, shelf, forms, rng, now)
            case.twin.replay.create(later.at, by=colleague)
            told.append(case.twin.replay)
    case.tell()
    if case.twin is not None:
        case.twin.replay.pass_deadlines(now)
    return told


def _begin(
    arrival: Arrival, facts: Facts, shelf: Shelf, forms: dict[int, ContractForm], rng: Random, now: datetime
) -> Telling:
    ticket = _ticket(arrival, facts, shelf, forms, rng)
    return Telling(Replay(ticket, shelf.rules), arrival, facts, shelf, rng, now)


def _ticket(arrival: Arrival, facts: Facts, shelf: Shelf, forms: dict[int, ContractForm], rng: Random) -> Ticket:
    """Return the ticket as L1 escalates it."""
    scenario, texts = arrival.scenario, arrival.scenario.texts[arrival.customer.language]
    category = shelf.categories[scenario.category]
    if not (scenario.planted or arrival.halt) and rng.random() < _WRONG_CATEGORY_SHARE:
        category = shelf.categories["other"]
    form = forms[category.pk]
    answers = redaction.redact_json(fill_in(rng, form, scenario, facts, texts))
    impact, urgency = _level(arrival, rng)
    number = str(rng.randrange(100_000, 999_999))
    telling = rng.randrange(len(texts["subject"]))  # a subject goes with the description at the same place
    return Ticket(
        subject=redaction.clean(texts["subject"][telling].format_map(facts))[:200],
        description=redaction.clean(_description(arrival, facts, telling, rng)),
        category=category,
        form=form,
        answers=answers,
        customer=arrival.customer,
        channel=arrival.channel,
        l1_reference=f"HD-{number}",
        l1_link=f"https://helpdesk.example.com/tickets/{number}",
        impact=impact,
        urgency=urgency,
        priority=usual_priority(impact, urgency),
        state=State.NEW,
        team=category.team,
        created_by=arrival.agent,
        l1_team=shelf.staff.teams[arrival.l1_team],
        **contract.columns(form, answers),
    )


def _level(arrival: Arrival, rng: Random) -> tuple[int, int]:
    if arrival.priority is not None:
        return _LEVELS[arrival.priority]
    levels = arrival.scenario.levels
    impact, urgency, _share = rng.choices(levels, [level[2] for level in levels])[0]
    return impact, urgency


def _description(arrival: Arrival, facts: Facts, telling: int, rng: Random) -> str:
    texts = arrival.scenario.texts[arrival.customer.language]
    parts = [
        rng.choice(texts["opening"][arrival.channel]),
        texts["description"][telling % len(texts["description"])],
        rng.choice(texts["card_read"]) if rng.random() < _CARD_SHARE else "",
        rng.choice(texts["closing"]),
    ]
    return " ".join(part.format_map(facts) for part in parts if part)


def _keep(replays: list[Replay]) -> list[Ticket]:
    """Number the tickets in the order in which they came, and store them."""
    replays = sorted(replays, key=lambda replay: replay.ticket.created_at)
    for replay, number in zip(replays, _numbers(len(replays)), strict=True):
        replay.ticket.pk = number  # known before storing, since merged tickets name each other
    for start in range(0, len(replays), _BATCH):
        storing.store(replays[start : start + _BATCH])
    return [replay.ticket for replay in replays]


def _numbers(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [Ticket._meta.db_table, count],
        )
        return sorted(row[0] for row in cursor.fetchall())
