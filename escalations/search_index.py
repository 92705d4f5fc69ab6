"""What a ticket is found by: its row of words, kept in the transaction of each change to its texts.

The words' weights say who may find them (`TicketText`). One statement makes the rows of any number of
tickets, so that a change, an import and a repair come to the same.
"""

from collections.abc import Iterable

from django.db import connection

#: Characters that are looked at of each message or file, and of all texts of one weight (a vector holds 1 MB).
LONGEST_PART, LONGEST = 20_000, 50_000

# PostgreSQL passes over whatever follows “<script”, hence no angle brackets.
_REFRESH = """
WITH wanted AS (
    SELECT ticket.id, ticket.subject, ticket.answers,
        concat_ws(E'\\n', ticket.description, ticket.transaction_ref, ticket.l1_reference, ticket.product,
            ticket.error_code, ticket.external_reference, customer.external_id, customer.name, customer.email
        ) AS contract
    FROM escalations_ticket ticket JOIN escalations_customer customer ON customer.id = ticket.customer_id
    WHERE ticket.id = ANY (%(tickets)s)
), said AS (
    SELECT message.ticket_id, message.kind IN ('note', 'partner') AS is_internal,
        left(string_agg(left(message.body, %(part)s), E'\\n' ORDER BY message.id DESC), %(longest)s) AS body
    FROM escalations_message message
    WHERE message.ticket_id = ANY (%(tickets)s) AND message.taken_back_at IS NULL GROUP BY 1, 2
), filed AS (
    SELECT file.ticket_id,
        CASE WHEN message.id IS NULL THEN 'B' WHEN message.kind IN ('note', 'partner') THEN 'D' ELSE 'C' END
            AS weight,
        left(string_agg(concat_ws(E'\\n', file.name, left(text.text, %(part)s)), E'\\n' ORDER BY file.id DESC),
            %(longest)s) AS body
    FROM escalations_attachment file
    LEFT JOIN escalations_message message ON message.id = file.message_id
    LEFT JOIN escalations_attachmenttext text ON text.attachment_id = file.id
    WHERE file.ticket_id = ANY (%(tickets)s) GROUP BY 1, 2
), found AS (
    SELECT ticket_id, concat_ws(E'\\n', symptoms, workaround, fix, (
        SELECT string_agg(concat_ws(E'\\n', hypothesis ->> 'text', hypothesis ->> 'evidence'), E'\\n')
        FROM jsonb_array_elements(hypotheses) hypothesis
    )) AS body
    FROM escalations_diagnosis WHERE ticket_id = ANY (%(tickets)s)
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
ON CONFLICT (ticket_id) DO UPDATE SET words = excluded.words WHERE stored.words <> excluded.words
"""


def refresh(tickets: Iterable[int]) -> None:
    """Keep the words of these tickets as their texts are now, in the transaction of the change."""
    wanted = sorted(set(tickets))
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH, {"tickets": wanted, "part": LONGEST_PART, "longest": LONGEST})


def refresh_customer(customer: int) -> None:
    """Keep the words of a customer's tickets after a correction of their name, address or id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM escalations_ticket WHERE customer_id = %s ORDER BY id FOR NO KEY UPDATE", [customer]
        )
        refresh(number for (number,) in cursor.fetchall())
