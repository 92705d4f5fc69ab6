"""What customers' cases are told in: the demo company's words, and details that tell each case from the next.

Words are drawn by Zipf's law: the n-th of a list is n times as rare as the first, as in what people write.
"""

from bisect import bisect
from itertools import accumulate
from random import Random
from typing import NamedTuple

_CONSONANTS = "bcdfghjlmnprstvz"
_VOWELS = "aeiou"
_ENDINGS = ("ra", "no", "lix", "tec", "mar", "via", "dor", "san", "quo", "ber")

#: In every second case or so, and in one of some thousand: what is searched for.
COMMON, RARE = "payment", "zirconal"
RARE_EVERY = 25_000

_DETAILS = {
    "en": (
        "The customer first noticed it at {place} and tried again through {place}.",
        "A colleague at {place} saw the same after the {thing} was changed.",
        "Support of {place} answered that the {thing} looks fine on their side.",
        "The {thing} was {state} when the payment was sent, and {state} an hour later.",
        "We compared the {thing} with last month's: it is {state}, the rest has not moved.",
        "According to {place} the {thing} is {state}; their ticket is {reference}.",
        "Twice today, once for {place} and once for {place}, always with a {state} {thing}.",
    ),
    "es": (
        "El cliente lo notó primero en {place} y lo intentó otra vez por {place}.",
        "Una colega de {place} vio lo mismo después de cambiar {thing}.",
        "El soporte de {place} respondió que de su lado {thing} se ve bien.",
        "Al enviar el pago, {thing} aparecía {state}, y una hora después {state}.",
        "Comparamos {thing} con el mes pasado: está {state}, lo demás no cambió.",
        "Según {place}, {thing} está {state}; su caso es {reference}.",
        "Dos veces hoy, una con {place} y otra con {place}, siempre con {thing} {state}.",
    ),
}
_THINGS = {
    "en": "balance limit statement invoice receipt refund callback webhook token device session beneficiary "
    "mandate card wallet ledger payout batch settlement signature certificate password code address photo",
    "es": "saldo límite extracto factura recibo reembolso aviso token dispositivo sesión beneficiario mandato "
    "tarjeta monedero asiento pago lote liquidación firma certificado contraseña código dirección documento foto",
}
_STATES = {
    "en": "pending blocked expired missing doubled rejected delayed reversed empty frozen outdated unsigned",
    "es": "pendiente bloqueado vencido ausente duplicado rechazado demorado revertido vacío congelado caducado",
}


class Zipf:
    """Draws from a list, the n-th n times as rarely as the first."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.sums = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))

    def draw(self, rng: Random) -> str:
        return self.words[bisect(self.sums, rng.random() * self.sums[-1])]


class Detail(NamedTuple):
    """What one case has for itself: some sentences, and the reference of its transaction."""

    text: str
    reference: str


class Details:
    """Makes up what tells cases apart. The same seed makes the same details."""

    def __init__(self, seed: int = 1) -> None:
        rng = Random(seed)
        self.places = Zipf([_name(rng) for _ in range(20_000)])
        self.things = {language: Zipf(words.split()) for language, words in _THINGS.items()}
        self.states = {language: Zipf(words.split()) for language, words in _STATES.items()}

    def of(self, number: int, language: str) -> Detail:
        """Return the details of case `number`."""
        rng = Random(number)
        reference = f"TXN-{rng.randrange(36**8):08X}"
        sentences = [
            pattern.format(
                place=_Each(self.places, rng),
                thing=self.things[language].draw(rng),
                state=_Each(self.states[language], rng),
                reference=reference,
            )
            for pattern in rng.sample(_DETAILS[language], rng.choice((1, 2, 2, 3)))
        ]
        if number % RARE_EVERY == RARE_EVERY // 2 or number == 5:
            sentences.append(f"{RARE} {number}.")
        return Detail(" ".join(sentences), reference)


class _Each:
    """Another word each time it is written."""

    def __init__(self, words: Zipf, rng: Random) -> None:
        self.words, self.rng = words, rng

    def __format__(self, _spec: str) -> str:
        return self.words.draw(self.rng)


def _name(rng: Random) -> str:
    syllables = "".join(rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(rng.randrange(1, 4)))
    return (syllables + rng.choice(_ENDINGS)).capitalize()
