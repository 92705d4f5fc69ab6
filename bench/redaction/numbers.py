"""Numbers and secrets made at random: cards of every scheme, IBANs, keys. None is anybody's.

The check digits are reckoned here again, independently of the engine under test.
"""

import string
from random import Random

#: Scheme: the prefixes that test data usually has, and the lengths.
SCHEMES: dict[str, tuple[list[str], list[int]]] = {
    "visa": (["4"], [16]),
    "visa_13": (["4"], [13]),
    "visa_19": (["4"], [19]),
    "mastercard": (["51", "52", "53", "54", "55"], [16]),
    "mastercard_2": (["2221", "2300", "2456", "2600", "2720", "271", "223"], [16]),
    "amex": (["34", "37"], [15]),
    "diners": (["300", "301", "302", "303", "304", "305", "36", "38", "39"], [14]),
    "discover": (["6011", "644", "646", "649", "65"], [16]),
    "jcb": (["3528", "3540", "3566", "3589"], [16]),
    "unionpay": (["62"], [16]),
    "unionpay_17_19": (["62"], [17, 18, 19]),
    "maestro_12": (
        ["5018", "5020", "5038", "5893", "6304", "6759", "6761", "6762", "6763", "56", "57", "58"],
        [12],
    ),
    "maestro_13_19": (
        ["5018", "5020", "5038", "6304", "6759", "6761", "6762", "6763"],
        [13, 14, 15, 16, 17, 18, 19],
    ),
    "mir": (["2200", "2201", "2202", "2203", "2204"], [16]),
    "rupay": (["60", "65", "81", "82", "508", "353", "356"], [16]),
    "troy": (["9792"], [16]),
    "uzcard": (["8600"], [16]),
    "humo": (["9860"], [16]),
}
#: What most senders have, for the classes that are about a form and not about a scheme.
COMMON = ["visa", "visa", "visa", "mastercard", "mastercard", "mastercard_2", "amex", "amex", "discover", "diners",
          "jcb", "unionpay", "mir", "maestro_13_19"]  # fmt: skip

_IBAN_COUNTRIES = {
    "DE": 18, "ES": 20, "FR": 23, "IT": 23, "NL": 14, "GB": 18, "BE": 12, "AT": 16, "CH": 17, "PT": 21, "PL": 24,
    "SE": 20, "NO": 11, "DK": 14, "FI": 14, "IE": 18, "LU": 16, "CZ": 20, "GR": 23, "RO": 20, "SA": 20, "AE": 19,
    "TR": 22, "BR": 25, "CR": 18, "DO": 24, "GT": 24, "SV": 24, "MT": 27,
}  # fmt: skip


def digits(rng: Random, count: int) -> str:
    return "".join(rng.choices(string.digits, k=count))


def token(rng: Random, count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(rng.choices(alphabet, k=count))


def luhn_is_right(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def complete(body: str) -> str:
    """A number that is `body` and its check digit."""
    return next(body + digit for digit in string.digits if luhn_is_right(body + digit))


def card(rng: Random, scheme: str | None = None) -> str:
    prefixes, lengths = SCHEMES[scheme or rng.choice(COMMON)]
    prefix = rng.choice(prefixes)
    return complete(prefix + digits(rng, rng.choice(lengths) - len(prefix) - 1))


def usual_groups(number: str) -> list[str]:
    """A number in the groups that its card shows."""
    sizes = {15: (4, 6, 5), 14: (4, 6, 4)}.get(len(number), (4, 4, 4, 4, 4))
    groups = []
    for size in sizes:
        groups.append(number[:size])
        number = number[size:]
    return [group for group in groups if group]


def iban(rng: Random) -> str:
    country = rng.choice(sorted(_IBAN_COUNTRIES))
    length = _IBAN_COUNTRIES[country]
    letters = country in {"GB", "NL", "IE", "MT", "RO"}
    account = (token(rng, 4, string.ascii_uppercase) + digits(rng, length - 4)) if letters else digits(rng, length)
    moved = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    return f"{country}{98 - int(moved) % 97:02}{account}"


def expiry(rng: Random) -> tuple[str, str]:
    return f"{rng.randint(1, 12):02}", str(rng.randint(25, 35))


def cvv(rng: Random, number: str) -> str:
    return digits(rng, 4 if number[:2] in {"34", "37"} else 3)
