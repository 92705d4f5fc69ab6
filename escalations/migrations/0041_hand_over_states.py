"""Every hand-over that is over was answered, if the partner wrote in it, or withdrawn."""

from django.db import migrations, models

_STATES = """
UPDATE escalations_handover AS asked SET
    title = (SELECT subject FROM escalations_ticket WHERE id = asked.ticket_id),
    state_since = COALESCE(ended_at, asked_at),
    state = CASE
        WHEN ended_at IS NULL THEN 'asked'
        WHEN EXISTS (
            SELECT FROM escalations_message AS said
            JOIN accounts_membership AS member ON member.user_id = said.author_id AND member.team_id = asked.team_id
            WHERE said.hand_over_id = asked.id
        ) THEN 'answered'
        ELSE 'withdrawn'
    END
"""


class Migration(migrations.Migration):
    dependencies = [("escalations", "0040_hand_overs")]

    operations = [
        migrations.RunSQL(_STATES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", True),
                        ("state__in", ("asked", "accepted", "in_work", "question_back")),
                    ),
                    models.Q(
                        ("ended_at__isnull", False),
                        models.Q(("state__in", ("asked", "accepted", "in_work", "question_back")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="hand_over_owed_while_open",
            ),
        ),
    ]
