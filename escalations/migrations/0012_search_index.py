"""The words of a ticket get a row of their own: with what is said, found and attached, and lighter tickets.

Filled batch by batch in SQL; what is in files is read by a job when they are attached next, so the files that
are there already are found by their names.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

BATCH = 20_000
PART, LONGEST = 20_000, 50_000
# escalations.search_index as it is today.
FILL = """
WITH wanted AS (
    SELECT ticket.id, ticket.subject, ticket.answers,
        concat_ws(E'\\n', ticket.description, ticket.transaction_ref, ticket.l1_reference, ticket.product,
            ticket.error_code, ticket.external_reference, customer.external_id, customer.name, customer.email
        ) AS contract
    FROM escalations_ticket ticket JOIN escalations_customer customer ON customer.id = ticket.customer_id
    WHERE ticket.id BETWEEN %(first)s AND %(last)s
), said AS (
    SELECT message.ticket_id, message.kind IN ('note', 'partner') AS is_internal,
        left(string_agg(left(message.body, %(part)s), E'\\n' ORDER BY message.id DESC), %(longest)s) AS body
    FROM escalations_message message WHERE message.ticket_id BETWEEN %(first)s AND %(last)s GROUP BY 1, 2
), filed AS (
    SELECT file.ticket_id,
        CASE WHEN message.id IS NULL THEN 'B' WHEN message.kind IN ('note', 'partner') THEN 'D' ELSE 'C' END
            AS weight,
        left(string_agg(concat_ws(E'\\n', file.name, left(text.text, %(part)s)), E'\\n' ORDER BY file.id DESC),
            %(longest)s) AS body
    FROM escalations_attachment file
    LEFT JOIN escalations_message message ON message.id = file.message_id
    LEFT JOIN escalations_attachmenttext text ON text.attachment_id = file.id
    WHERE file.ticket_id BETWEEN %(first)s AND %(last)s GROUP BY 1, 2
), found AS (
    SELECT ticket_id, concat_ws(E'\\n', symptoms, workaround, fix, (
        SELECT string_agg(concat_ws(E'\\n', hypothesis ->> 'text', hypothesis ->> 'evidence'), E'\\n')
        FROM jsonb_array_elements(hypotheses) hypothesis
    )) AS body
    FROM escalations_diagnosis WHERE ticket_id BETWEEN %(first)s AND %(last)s
), texts AS (
    SELECT id, 'A'::"char" AS weight, subject AS body FROM wanted
    UNION ALL SELECT id, 'B', left(concat_ws(E'\\n', contract, (
        SELECT string_agg(answer #>> '{}', E'\\n')
        FROM jsonb_path_query(answers, '$.** ? (@.type() == "string")') answer
    )), %(longest)s) FROM wanted
    UNION ALL SELECT ticket_id, (CASE WHEN is_internal THEN 'D' ELSE 'C' END)::"char", body FROM said
    UNION ALL SELECT ticket_id, weight::"char", body FROM filed
    UNION ALL SELECT ticket_id, 'D', left(body, %(longest)s) FROM found
), joined AS (
    SELECT id, weight, translate(string_agg(body, E'\\n'), '<>', '  ') AS body FROM texts GROUP BY 1, 2
), words AS (
    SELECT id, weight,
        setweight(to_tsvector('secondline_en', body) || to_tsvector('secondline_es', body), weight) AS words
    FROM joined
)
INSERT INTO escalations_tickettext AS stored (ticket_id, words)
SELECT id, coalesce((array_agg(words) FILTER (WHERE weight = 'A'))[1], '')
    || coalesce((array_agg(words) FILTER (WHERE weight = 'B'))[1], '')
    || coalesce((array_agg(words) FILTER (WHERE weight = 'C'))[1], '')
    || coalesce((array_agg(words) FILTER (WHERE weight = 'D'))[1], '')
FROM words GROUP BY id ORDER BY id
"""


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        # Kept in the row: the planner would think that walking tickets, newest first, costs nothing while their
        # words lie elsewhere, and do so for rare words, too.
        cursor.execute("ALTER TABLE escalations_tickettext ALTER COLUMN words SET STORAGE MAIN")
        cursor.execute("SELECT min(id), max(id) FROM escalations_ticket")
        lowest, highest = cursor.fetchone()
        for first in range(lowest or 0, (highest or -1) + 1, BATCH):
            span = {"first": first, "last": first + BATCH - 1, "part": PART, "longest": LONGEST}
            cursor.execute(FILL, span)
        cursor.execute("ALTER TABLE escalations_tickettext ALTER COLUMN words SET STATISTICS 500")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_rosters"),
        ("escalations", "0011_views"),
        ("knowledgebase", "0003_text_configurations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AttachmentText",
            fields=[
                (
                    "attachment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="text",
                        serialize=False,
                        to="escalations.attachment",
                    ),
                ),
                ("text", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="TicketText",
            fields=[
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="text",
                        serialize=False,
                        to="escalations.ticket",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
            ],
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RemoveIndex(
            model_name="ticket",
            name="ticket_search",
        ),
        migrations.RemoveField(
            model_name="ticket",
            name="search",
        ),
        migrations.AddIndex(
            model_name="customer",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.SearchVector(
                    "name", "external_id", "email", "phone", config="secondline_names"
                ),
                name="customer_words",
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                django.db.models.functions.text.Upper("email"),
                condition=models.Q(("email", ""), _negated=True),
                name="customer_email",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("l1_reference", ""), _negated=True),
                fields=["l1_reference"],
                name="ticket_l1_reference",
            ),
        ),
        migrations.AddIndex(
            model_name="tickettext",
            index=django.contrib.postgres.indexes.GinIndex(fields=["words"], name="ticket_text_words"),
        ),
    ]
