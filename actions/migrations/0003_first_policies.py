"""The policies that Secondline comes with: as actions.terms had them when this was written."""

from datetime import UTC, datetime

from django.db import migrations

TERMS = {
    "credit_line": {
        "one_most": 5000000,
        "customer_most": 5000000,
        "customer_days": 180,
        "person_most": 20000000,
        "day_most": 100000000,
        "hours_to_decide": 24,
        "cooling_hours": 72,
        "currency": "PHP",
    },
    "phone_change": {
        "one_most": None,
        "customer_most": 1,
        "customer_days": 30,
        "person_most": 20,
        "day_most": 200,
        "hours_to_decide": 24,
        "cooling_hours": 72,
    },
    "unban": {
        "one_most": None,
        "customer_most": 1,
        "customer_days": 90,
        "person_most": 20,
        "day_most": 100,
        "hours_to_decide": 24,
        "min_account_age_days": 30,
        "min_kyc_level": 2,
        "min_phone_age_days": 14,
        "max_failed_sign_ins": 10,
        "failed_sign_in_days": 14,
        "max_disputed_transactions": 0,
        "disputed_days": 180,
        "max_chargebacks": 0,
        "chargeback_days": 365,
        "max_earlier_bans": 1,
        "earlier_ban_days": 730,
        "wait_after_keep_days": 14,
    },
    "points_refund": {
        "one_most": 20000,
        "customer_most": 50000,
        "customer_days": 30,
        "person_most": 200000,
        "day_most": 2000000,
        "hours_to_decide": 24,
        "cooling_hours": 72,
    },
    "delivery_reset": {
        "one_most": None,
        "customer_most": 2,
        "customer_days": 90,
        "person_most": 30,
        "day_most": 300,
        "hours_to_decide": 24,
        "cooling_hours": 72,
        "max_earlier_resets": 1,
        "min_address_age_days": 7,
        "lost_after_days": 14,
    },
    "reversal": {
        "one_most": 5000000,
        "customer_most": 10000000,
        "customer_days": 30,
        "person_most": 30000000,
        "day_most": 200000000,
        "hours_to_decide": 24,
        "cooling_hours": 72,
        "max_age_days": 120,
        "currency": "PHP",
    },
}


def put_in_force(apps, _schema_editor):
    policies = apps.get_model("actions", "ActionPolicy").objects
    for kind, terms in TERMS.items():
        policies.create(kind=kind, number=1, state="in_force", terms=terms, edited_at=datetime.now(UTC))


class Migration(migrations.Migration):
    dependencies = [("actions", "0002_guards")]

    operations = [migrations.RunPython(put_in_force, migrations.RunPython.noop)]
