"""Drafts to try, simulations of them, and clocks as a replay and as the database have them."""

from escalations import policies, ticket_clocks
from escalations.models import Clock, Policy, PolicyVersion
from reports import days, outcomes, past, simulation, trial
from reports.models import SimulationState


def draft_of(name, change=lambda target: target, **columns):
    """Save a draft of a policy: its current version with other targets."""
    policy = Policy.objects.get(name=name)
    now = policies.version(policy.current_id)
    kept = {column: getattr(now, column) for column in trial.POLICY_COLUMNS}
    kept |= {"targets": [change(dict(row)) for row in now.targets]} | columns
    return PolicyVersion.objects.create(policy=policy, number=now.number + 1, **kept)


def times(factor):
    return lambda target: target | {"minutes": max(1, round(target["minutes"] * factor))}


def simulated(tried, by, *, last=None, span=90, **narrower):
    found = simulation.request(tried, by=by, span=span, last=last or days.today(), **narrower)
    simulation.run(found)
    found.refresh_from_db()
    assert found.state == SimulationState.DONE, found.trouble
    return found


def as_replayed(tickets, at):
    """Return each clock of these tickets as a replay by today's rules has it."""
    rules = trial.in_force()
    found: dict = {}
    for batch in past.histories(tickets):
        for one in batch:
            rulebook = rules.of(one.own_policy)
            ledgers, same = outcomes.replayed(one, rulebook, rulebook)
            assert ledgers is same
            found |= {(one.ticket_id, *line): rest for line, rest in map(line_of, ledgers)}
    return found


def line_of(ledger):
    entries = [(entry.at, str(entry.does), *aim_of(entry.aim)) for entry in ledger.entries]
    return (str(ledger.metric), ledger.cycle), (ledger.team_id, entries, *ledger.now)


def aim_of(aim):
    return (aim.policy and aim.policy.pk, aim.calendar and aim.calendar.pk, aim.seconds, aim.due_at)


def as_stored(tickets):
    found = {}
    rows = Clock.objects.filter(ticket__in=tickets).in_bulk()
    for ledger in ticket_clocks.ledgers_of(rows.values()):
        line, rest = line_of(ledger)
        found[rows[ledger.clock_id or 0].ticket_id, *line] = rest
    return found
