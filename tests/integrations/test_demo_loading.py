"""Loading the demo company: deterministic, once, and nothing but into an empty desk."""

import hashlib
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import User
from escalations.models import Message, Ticket
from integrations import demo
from integrations.demo import knowledge
from integrations.demo.scenarios import all_scenarios

NOW = datetime(2026, 11, 18, 12, 34, 56, tzinfo=UTC)


def _digest() -> str:
    rows = Ticket.objects.order_by("created_at", "l1_reference").values_list(
        "subject",
        "description",
        "state",
        "priority",
        "created_at",
        "resolved_at",
        "owner__email",
        "customer__name",
    )
    said = Message.objects.order_by("created_at", "body").values_list("kind", "body", "created_at")
    return hashlib.sha256(repr([list(rows), list(said)]).encode()).hexdigest()


@pytest.mark.django_db
def test_the_same_seed_tells_the_same_stories_and_another_one_others():
    digests = []
    for seed in (7, 7, 8):
        with transaction.atomic():
            demo.load(seed=seed, now=NOW, tickets=25)
            digests.append(_digest())
            transaction.set_rollback(True)
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.django_db
def test_it_refuses_a_desk_with_people_in_it():
    User.objects.create_user("somebody@example.com", "a long enough password", name="Somebody")
    with pytest.raises(CommandError, match="empty database"):
        call_command("load_demo", verbosity=0)
    assert not Ticket.objects.exists()


@pytest.mark.django_db
def test_the_command_prints_an_account_per_role_and_they_can_sign_in(client):
    out = StringIO()
    call_command("load_demo", tickets=5, stdout=out, verbosity=1)
    for email in demo.SIGN_INS.values():
        assert email in out.getvalue()
        assert User.objects.get(email=email).check_password(demo.PASSWORD)


def test_article_files_are_complete():
    drafts = knowledge.drafts()
    categories = {scenario.category for scenario in all_scenarios()}
    assert all(set(draft.categories) <= categories for draft in drafts)
    assert all(len(draft.body) > 250 for draft in drafts if draft.status == "published")
