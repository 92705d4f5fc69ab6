"""Counts in how many tickets each word stands, which tells a telling word from a common one."""

from django.db import connection, transaction

from common import clock
from escalations.models import LexemeCount, Lexicon

#: The newest tickets say how common a word is now, and reading more would not change the ranking.
SAMPLE = 20_000

_COUNT = """
INSERT INTO escalations_lexemecount (lexeme, documents)
SELECT word, ndoc
FROM ts_stat('SELECT words FROM escalations_tickettext ORDER BY ticket_id DESC LIMIT {sample}', 'ab')
WHERE ndoc > 1
"""
_MEASURE = """
SELECT count(*), coalesce(avg(length(ts_filter(words, '{a,b}'))), 0)
FROM (SELECT words FROM escalations_tickettext ORDER BY ticket_id DESC LIMIT %s) AS sample
"""
_ESTIMATE = "SELECT reltuples FROM pg_class WHERE oid = 'escalations_tickettext'::regclass"


@transaction.atomic
def count(sample: int = SAMPLE) -> int:
    """Count the words of the newest tickets anew; return how many words stand in more than one of them."""
    Lexicon.objects.select_for_update().filter(pk=Lexicon.THE_ONE).first()  # one count at a time
    with connection.cursor() as cursor:
        cursor.execute(_MEASURE, [sample])
        documents, mean_length = cursor.fetchone()
        LexemeCount.objects.all().delete()
        cursor.execute(_COUNT.format(sample=int(sample)))
        words: int = cursor.rowcount
        cursor.execute(_ESTIMATE)
        (estimate,) = cursor.fetchone()
    Lexicon.objects.update_or_create(
        pk=Lexicon.THE_ONE,
        defaults={
            "counted_at": clock.now(),
            "documents": documents,
            # Below the sample's size the count is exact; above it PostgreSQL's own estimate will do.
            "tickets": documents if documents < sample else max(documents, int(estimate)),
            "mean_length": mean_length,
        },
    )
    return words
