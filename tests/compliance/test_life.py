"""The life of a review: opened, filled in, decided by two people, by its deadline."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.db import DatabaseError, connection, transaction

from common import clock
from common.errors import Absent, NotAllowed, Refused, StaleVersion
from compliance import cases, checklists, content, deadlines, decisions, documents, lifecycle, notices, procedures
from compliance.models import Case, Deadline, Ending, Kind, Notice, Outcome, Proposal, State, Step
from compliance.sealing import CaseKey
from compliance.transitions import TRANSITIONS, Verb, may, open_proposal
from events.models import Delivery, Event
from tests.audit.test_chain import become_the_application
from tests.compliance.reviewing import Reviewing, picture, proof
from tests.matrix import Scenario

pytestmark = pytest.mark.django_db


def test_nobody_else_opens_one(reviewing: Reviewing, scenario: Scenario):
    for person in scenario.people.values():
        with pytest.raises(Absent):
            cases.open_case(Kind.SUSPICIOUS_ACTIVITY, by=person, reason="x", customer=reviewing.ticket.customer)
    with pytest.raises(Refused, match="not handed"):
        reviewing.opened(ticket=scenario.new)
    assert not Case.objects.exists()


def test_two_people_decide(reviewing: Reviewing):
    case, _document = reviewing.proposed()
    digest = content.digest(case, CaseKey(case))
    with pytest.raises(Refused, match="somebody else"):
        decisions.confirm(case, by=reviewing.rita, digest=digest, proof_given=proof(reviewing.rita))
    with pytest.raises(NotAllowed, match="once more"):
        decisions.confirm(case, by=reviewing.sol, digest=digest, proof_given=proof(reviewing.rita))
    with pytest.raises(Refused, match="proposed again"):
        decisions.confirm(case, by=reviewing.sol, digest="0" * 64, proof_given=proof(reviewing.sol))
    decisions.confirm(case, by=reviewing.sol, digest=digest, proof_given=proof(reviewing.sol))
    case.refresh_from_db()
    assert case.state == State.DECIDED and case.next_due_at is None
    assert case.decision and case.decision.outcome == Outcome.NO_SUSPICION
    with pytest.raises(Refused, match="Reopen"):
        cases.write_note(case, "After all", by=reviewing.rita)
    lifecycle.reopen(case, by=reviewing.sol)
    case.refresh_from_db()
    assert case.state == State.IN_REVIEW and case.next_due_step == Step.DECIDE


CHANGES = {
    "note": lambda r, case, doc: cases.write_note(case, "More", by=r.sol),
    "answer": lambda r, case, doc: checklists.answer(
        case, "earlier", "no", by=r.sol, seen=case.answers.filter(item="earlier").latest("pk").pk
    ),
    "document": lambda r, case, doc: documents.add(case, picture(), by=r.sol),
    "indicators": lambda r, case, doc: cases.set_indicators(case, ["mule"], by=r.sol),
    "link": lambda r, case, doc: cases.link_ticket(case, r.handed_over(), by=r.sol),
    "unlink": lambda r, case, doc: cases.unlink(case, case.tickets.earliest("pk"), by=r.sol),
}


def test_any_change_voids_what_is_proposed(reviewing: Reviewing):
    case, document = reviewing.proposed()
    for name, change in CHANGES.items():
        before = Proposal.objects.latest("pk")
        assert before.ended_at is None, name
        change(reviewing, case, document)
        before.refresh_from_db()
        case.refresh_from_db()
        assert (before.ended_as, case.state) == (Ending.VOIDED, State.IN_REVIEW), name
        assert before.digest != content.digest(case, CaseKey(case)), name
        decisions.propose(case, Outcome.ENHANCED, by=reviewing.rita, reason="y", proof_given=proof(reviewing.rita))
        case.refresh_from_db()
    cases.assign(case, reviewing.sol, by=reviewing.rita)
    assert open_proposal(case), "who owns it is not what is decided about"


def test_what_was_changed_behind_the_back_is_not_confirmed(reviewing: Reviewing):
    case, _document = reviewing.proposed()
    digest = content.digest(case, CaseKey(case))
    Case.objects.filter(pk=case.pk).update(indicators=CaseKey(case).seal_json(case, "indicators", ["mule"]))
    with pytest.raises(Refused, match="proposed again"):
        decisions.confirm(case, by=reviewing.sol, digest=digest, proof_given=proof(reviewing.sol))


ATTACKS = {
    "oneself": "UPDATE compliance_proposal SET ended_as = 'confirmed', ended_by_id = {rita}, ended_at = now()",
    "another proposer": "UPDATE compliance_proposal SET proposed_by_id = {sol}",
    "another outcome": "UPDATE compliance_proposal SET outcome = 'report_filed', ended_as = 'confirmed', "
    "ended_by_id = {sol}, ended_at = now()",
    "decided by nobody": "UPDATE compliance_case SET state = 'decided', decision_id = {proposal}",
    "decided without": "UPDATE compliance_case SET state = 'decided'",
    "born ended": "INSERT INTO compliance_proposal (case_id, outcome, reason, digest, proposed_by_id, "
    "proposed_at, ended_as, ended_by_id, ended_at, remark) VALUES ({case}, 'enhanced', '', '', {rita}, now(), "
    "'confirmed', {sol}, now(), '')",
    "another customer": "UPDATE compliance_case SET customer_id = customer_id + 1",
    "no proposal": "DELETE FROM compliance_proposal",
    "no case": "DELETE FROM compliance_case",
    "another note": "UPDATE compliance_note SET text = ''",
    "no document": "DELETE FROM compliance_document",
    "another file": "UPDATE compliance_documentcontent SET sealed = ''",
    "no answers": "TRUNCATE compliance_answer",
    "another procedure": "UPDATE compliance_procedure SET decide_hours = 9999",
    "guards away": "ALTER TABLE compliance_proposal DISABLE TRIGGER ALL",
}


def test_the_database_refuses_what_one_person_would_do(reviewing: Reviewing):
    case, _document = reviewing.proposed()
    numbers = {"rita": reviewing.rita.pk, "sol": reviewing.sol.pk, "case": case.pk}
    numbers["proposal"] = case.proposals.get().pk
    become_the_application()
    with connection.cursor() as cursor:
        for name, statement in ATTACKS.items():
            try:
                with transaction.atomic():
                    cursor.execute(statement.format(**numbers))
            except DatabaseError:
                continue
            raise AssertionError(f"the database let through: {name}")
        cursor.execute("RESET ROLE")
    case.refresh_from_db()
    assert case.state == State.PROPOSED


def test_an_incomplete_checklist_proposes_nothing(reviewing: Reviewing):
    case = reviewing.opened()
    lifecycle.take(case, by=reviewing.rita)
    with pytest.raises(Refused, match="not complete"):
        decisions.propose(case, Outcome.ENHANCED, by=reviewing.rita, reason="y", proof_given=proof(reviewing.rita))
    checklists.answer(case, "customer", "yes", by=reviewing.rita)
    assert checklists.items(case, CaseKey(case))[0].lacks == "It needs a note."
    with pytest.raises(Refused, match="meanwhile"):
        checklists.answer(case, "customer", "no", by=reviewing.sol, note="Other")


def test_the_transition_table_decides_who_may(reviewing: Reviewing):
    case, _document = reviewing.proposed()
    proposal = open_proposal(case)
    allowed = {
        person: {row.verb for row in TRANSITIONS if may(row.verb, case, person, proposal)}
        for person in (reviewing.rita, reviewing.sol, reviewing.desk.l2, reviewing.desk.auditor)
    }
    assert allowed == {
        reviewing.rita: {Verb.WITHDRAW},
        reviewing.sol: {Verb.CONFIRM, Verb.REJECT},
        reviewing.desk.l2: set(),
        reviewing.desk.auditor: set(),
    }
    decisions.reject(case, by=reviewing.sol, remark="Ask the bank.", proof_given=proof(reviewing.sol))
    case.refresh_from_db()
    assert case.state == State.IN_REVIEW


def test_deadlines_run_on_whatever_waits(reviewing: Reviewing, monkeypatch: pytest.MonkeyPatch):
    began = clock.now()
    case = reviewing.opened()
    due = Deadline.objects.get(case=case, step=Step.DECIDE).due_at
    assert due == case.opened_at + timedelta(hours=720)
    lifecycle.take(case, by=reviewing.rita)
    lifecycle.wait(case, by=reviewing.rita)
    assert deadlines.mark() == 0
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(hours=721))
    assert Deadline.objects.get(case=case, met_at=None).due_at == due
    assert deadlines.mark() == 1 and deadlines.mark() == 0
    missed = Event.objects.filter(kind=deadlines.MISSED).get()
    assert missed.at == due and missed.subject_id == case.pk
    lifecycle.resume(case, by=reviewing.rita)
    case.refresh_from_db()
    assert case.next_due_at == due, "a wait gives no time back"


def test_a_warning_comes_before(reviewing: Reviewing, monkeypatch: pytest.MonkeyPatch):
    case, began = reviewing.opened(), clock.now()
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(hours=19))
    assert deadlines.mark() == 1 and deadlines.mark() == 0
    near = Event.objects.get(kind=deadlines.NEAR)
    assert near.data["step"] == Step.TAKE and near.subject_id == case.pk


def test_members_are_told_by_the_number_alone(reviewing: Reviewing, mailoutbox: list[mail.EmailMessage]):
    case, _document = reviewing.proposed()
    event = Event.objects.get(kind="compliance.proposed")
    assert set(Delivery.objects.filter(event=event).values_list("consumer", flat=True)) == {notices.CONSUMER}
    notices.handle(event)
    notices.handle(event)
    assert [one.recipient for one in Notice.objects.filter(event=event)] == [reviewing.sol]
    sent = mailoutbox[0]
    assert sent.to == [reviewing.sol.email] and case.reference in sent.subject
    told = (sent.subject + str(sent.body)).lower()
    for word in ("compliance", "review", "suspic", case.customer.name.lower(), reviewing.rita.name.lower()):
        assert word not in told
    assert list(notices.unread(reviewing.sol)) and not list(notices.unread(reviewing.desk.l2))
    notices.read(by=reviewing.sol)
    assert not list(notices.unread(reviewing.sol))


def test_a_case_keeps_the_procedure_that_it_began_with(reviewing: Reviewing):
    case = reviewing.opened()
    draft = procedures.Draft(
        [{"key": "", "text": "New?", "evidence": "none"}],
        take_hours=1,
        take_warning=0,
        decide_hours=2,
        decide_warning=1,
    )
    made = procedures.publish(Kind.SUSPICIOUS_ACTIVITY, draft, by=reviewing.rita, version=1)
    assert (made.number, made.items[0]["key"]) == (2, "new")
    with pytest.raises(StaleVersion):
        procedures.publish(Kind.SUSPICIOUS_ACTIVITY, draft, by=reviewing.sol, version=1)
    with pytest.raises(Absent):
        procedures.publish(Kind.SUSPICIOUS_ACTIVITY, draft, by=reviewing.desk.lead, version=2)
    case.refresh_from_db()
    assert case.procedure.number == 1 and len(checklists.items(case, CaseKey(case))) == 6
    assert reviewing.opened().procedure == made


def test_a_document_loses_cards_and_what_can_not_lose_them_is_refused(reviewing: Reviewing):
    case = reviewing.opened()
    document = documents.add(
        case, ContentFile(b"card 4111 1111 1111 1111", name="statement.txt"), by=reviewing.rita
    )
    _about, kept = documents.read(document, by=reviewing.rita, shown=False)
    assert b"1111 1111 1111" not in kept
    with pytest.raises(Refused, match="kind that is not taken"):
        documents.add(case, ContentFile(b"MZ", name="a.exe"), by=reviewing.rita)
    with pytest.raises(Refused, match="not what its name says"):
        documents.add(case, ContentFile(b"GIF89a", name="passport.pdf"), by=reviewing.rita)
