"""The demo's back office is told of the customers, and opens accounts that fit their cases."""

import os
import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import call_command

from actions import account_facts
from actions import back_office as client
from actions.back_office import Order
from escalations.models import Category, Ticket
from tests import seed
from tests.back_office import BASE_DIR, TOKEN, BackOffice
from tests.escalations.desk import Desk

pytestmark = pytest.mark.django_db


def test_an_open_restriction_is_a_ban_that_can_be_lifted(back_office: BackOffice):
    seed.catalogue()
    ticket = Desk().escalated()
    restriction = Category.objects.get(key="account_restriction")
    Ticket.objects.filter(pk=ticket.pk).update(category=restriction)
    lines = StringIO()
    call_command("demo_accounts", stdout=lines)
    own = os.environ["DATABASE_URL"].rpartition("/")[0]
    env = {"BACK_OFFICE_DATABASE_URL": f"{own}/{back_office.database}", "BACK_OFFICE_TOKEN": TOKEN}
    subprocess.run(
        [sys.executable, "-m", "bench.back_office", "seed"], cwd=BASE_DIR, env=os.environ | env,
        input=lines.getvalue(), text=True, check=True,
    )  # fmt: skip
    account = account_facts.account(ticket.customer.external_id)
    assert account is not None and account.is_banned
    assert any(ban.lifted_at is None for ban in account_facts.bans(account.reference))
    client.execute(Order("k", account.reference, "unban", 1, {"account": account.reference}))
    assert not account_facts.account(account.reference).is_banned
