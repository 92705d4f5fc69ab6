"""What one ticket's history adds to the figures."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reports import durations
from reports.measures import Cell, Happening, facts

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZONE = ZoneInfo("UTC")


class Told:
    """A ticket's history, told hour by hour."""

    def __init__(self, zone: ZoneInfo = ZONE) -> None:
        self.zone = zone
        self.history: list[Happening] = []
        self.snapshot = {"state": "new", "team": 1, "owner": None, "category": 5, "channel": "chat", "priority": 2}
        self.tell("ticket.created", 0)

    def tell(self, kind, hours, *, actor=9, data=None, **changes):
        self.snapshot = {**self.snapshot, **changes}
        at = START + timedelta(hours=hours)
        self.history.append(
            Happening(len(self.history), kind, at, actor, {**(data or {}), "ticket": self.snapshot})
        )
        return self

    def count(self, measure):
        return sum(amount.count for cell, amount in self.facts().items() if cell.measure == measure)

    def only(self, measure):
        ((cell, amount),) = ((cell, one) for cell, one in self.facts().items() if cell.measure == measure)
        return cell, amount

    def facts(self):
        return facts(self.history, self.zone)


def used(**seconds):
    return {"used": seconds}


def test_a_creation_counts_on_its_day_where_the_ticket_stood():
    assert Told().only("created")[0] == Cell(date(2026, 3, 2), 1, None, 5, "chat", 2, "created", None)


def test_days_begin_at_the_desks_midnight():
    late = Told(ZoneInfo("Asia/Manila")).tell("ticket.accepted", 7, state="accepted")
    assert late.only("created")[0].day == date(2026, 3, 2)
    assert late.only("accepted")[0].day == date(2026, 3, 3)


def test_backlog_moves_with_the_ticket_and_ends_with_it():
    told = Told().tell("ticket.team_changed", 1, team=2).tell("ticket.resolved", 30, state="resolved")
    backlog = {
        (cell.day.day, cell.team): amount.count
        for cell, amount in told.facts().items()
        if cell.measure == "backlog"
    }
    # Team 1 had it for an hour of one day: nothing is left of that.
    assert backlog == {(2, 2): 1, (3, 2): -1}


def test_reopening_puts_it_back_into_the_backlog_and_takes_back_the_resolution():
    told = Told().tell("ticket.resolved", 2, data=used(resolution=3600), state="resolved")
    assert (told.count("backlog"), told.count("resolution_business"), told.count("met:resolution")) == (0, 1, 1)
    told.tell("ticket.reopened", 3, data={"reason": 4}, state="reopened")
    assert (told.count("backlog"), told.count("resolution_business"), told.count("met:resolution")) == (1, 0, 0)
    assert told.count("resolved") == 1
    told.tell("ticket.resolved", 30, data=used(resolution=9000), state="resolved")
    cell, amount = told.only("resolution_business")
    assert (cell.day, cell.bucket, amount) == (date(2026, 3, 3), durations.bucket(9000), (1, 9000))
    assert told.only("resolution_calendar")[1] == (1, 30 * 3600)
    assert told.count("resolved") == 2


def test_a_breach_noticed_late_counts_where_the_ticket_was_when_time_ran_out():
    told = Told()
    told.tell("ticket.team_changed", 5, team=2)
    told.tell("ticket.accepted", 6, data=used(accept=20_000), state="accepted")
    told.tell("sla.breached", 1, data={"metric": "accept"})  # written down last
    assert told.only("breached:accept")[0].team == 1
    assert told.count("met:accept") == 0


def test_a_clock_is_met_when_it_never_ran_out():
    told = Told().tell("ticket.accepted", 1, data=used(accept=60), state="accepted")
    assert told.count("met:accept") == 1


def test_without_a_clock_there_is_neither_met_nor_business_time():
    told = Told().tell("ticket.accepted", 1, data=used(), state="accepted")
    assert told.count("met:accept") == told.count("accept_business") == 0
    assert told.only("accept_calendar")[1] == (1, 3600)


def test_the_first_answer_counts_and_no_later_one():
    told = Told()
    told.tell("ticket.message", 1, data={"kind": "note", **used(first_response=3600)})
    told.tell("ticket.message", 2, data={"kind": "from_l1", **used(first_response=7200)})
    assert told.count("first_response_calendar") == 0
    told.tell("ticket.waiting", 3, data=used(first_response=10_800), state="waiting_partner")
    assert told.count("first_response_calendar") == 0
    told.tell("ticket.waiting", 4, data=used(first_response=14_400), state="waiting_customer")
    told.tell("ticket.message", 5, data={"kind": "to_l1", **used(first_response=14_400)})
    assert told.only("first_response_calendar")[1] == (1, 4 * 3600)


def test_whoever_returned_it_did_the_work():
    told = Told().tell("ticket.returned", 1, actor=7, data={"reason": 3}, state="returned")
    cell, _amount = told.only("returned")
    assert (cell.agent, cell.bucket) == (7, 3)


def test_ratings_keep_score_and_sum():
    told = Told().tell("ticket.rated", 1, data={"score": 4}).tell("ticket.rated", 2, data={"score": 2})
    assert {cell.bucket: amount for cell, amount in told.facts().items() if cell.measure == "rated"} == {
        4: (1, 4),
        2: (1, 2),
    }


def test_the_order_of_arrival_changes_nothing():
    told = Told().tell("ticket.accepted", 1, state="accepted").tell("ticket.resolved", 2, state="resolved")
    assert facts(reversed(told.history), ZONE) == facts(told.history, ZONE)
