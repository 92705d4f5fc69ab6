"""How common each word is in the desk's tickets: what tells a telling word from a common one."""

from django.db import models


class Lexicon(models.Model):
    """The newest count of words (one row): of `documents` tickets out of `tickets`, with their mean length.

    A ticket's length is the number of different lexemes in its search document.
    """

    THE_ONE = 1

    counted_at = models.DateTimeField()
    documents = models.PositiveIntegerField()
    tickets = models.PositiveBigIntegerField()
    mean_length = models.FloatField()

    def __str__(self) -> str:
        return f"{self.documents} of {self.tickets}, {self.counted_at:%Y-%m-%d %H:%M}"


class LexemeCount(models.Model):
    """In how many of the lexicon's documents a lexeme stands; one that stands in a single one has no row."""

    lexeme = models.TextField(primary_key=True)
    documents = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.lexeme} · {self.documents}"
