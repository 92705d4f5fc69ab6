# ruff: noqa: E501 - examples are read more easily one a line
"""The ways in which a card's number is written: plain, separated, spelt in other digits, broken over lines."""

import unicodedata
from functools import partial
from random import Random

from bench.redaction.numbers import SCHEMES, card, cvv, expiry, usual_groups
from bench.redaction.samples import Sample, Written, as_it_is, in_context

SEPARATORS = {
    "space": [" "],
    "dash": ["-"],
    "dot": ["."],
    "slash_underscore": ["/", "_", "\\"],
    "comma_colon_pipe": [",", ":", ";", "|", ", "],
    "wide": ["  ", "   ", "\t", " - ", " / ", " . "],
    "typographic_space": ["\u00a0", "\u2009", "\u202f", "\u2003", "\u3000", "\u2007"],
    "typographic_dash": ["\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212"],
    "other_sign": ["*", "+", "~", "=", "#", "·", "•", "'", "_-_"],
}
INVISIBLE = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e", "\u200f", "\u061c", "\u180e"]
ZEROS = {"fullwidth": 0xFF10, "arabic": 0x0660, "persian": 0x06F0, "devanagari": 0x0966, "bengali": 0x09E6,
         "thai": 0x0E50, "bold": 0x1D7CE, "monospace": 0x1D7F6}  # fmt: skip


def plain(rng: Random, scheme: str) -> tuple[str, str]:
    number = card(rng, scheme)
    return number, number


def separated(rng: Random, separators: list[str]) -> tuple[str, str]:
    number = card(rng)
    return rng.choice(separators).join(usual_groups(number)), number


def mixed_separators(rng: Random) -> tuple[str, str]:
    number = card(rng)
    first, *rest = usual_groups(number)
    return first + "".join(rng.choice([" ", "-", " - ", ".", "  "]) + group for group in rest), number


def every_digit_alone(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return rng.choice([" ", "-", ".", ", ", "_"]).join(number), number


def pairs_or_threes(rng: Random) -> tuple[str, str]:
    number, size = card(rng), rng.choice([2, 3, 5, 8])
    groups = [number[place : place + size] for place in range(0, len(number), size)]
    return rng.choice([" ", "-"]).join(groups), number


def in_fours(rng: Random) -> tuple[str, str]:
    number = card(rng, rng.choice(["amex", "diners", "maestro_13_19", "visa_19"]))
    return rng.choice([" ", "-"]).join(number[place : place + 4] for place in range(0, len(number), 4)), number


def other_digits(rng: Random, scripts: list[str]) -> tuple[str, str]:
    number = card(rng)
    zero = ZEROS[rng.choice(scripts)]
    groups = [number] if rng.random() < 0.5 else usual_groups(number)
    return rng.choice([" ", "-"]).join(groups).translate({48 + n: zero + n for n in range(10)}), number


def mixed_digits(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return "".join(chr(rng.choice([48, 0xFF10, 0x0660]) + int(digit)) for digit in number), number


def keycaps_and_superscripts(rng: Random) -> tuple[str, str]:
    number = card(rng)
    if rng.random() < 0.5:
        return "".join(f"{digit}\ufe0f\u20e3" for digit in number), number
    return "".join(unicodedata.lookup(f"SUPERSCRIPT {_NAMES[int(digit)]}") for digit in number), number


_NAMES = ["ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"]


def zero_width(rng: Random) -> tuple[str, str]:
    number = card(rng)
    if rng.random() < 0.3:
        return rng.choice(INVISIBLE).join(usual_groups(number)), number
    if rng.random() < 0.3:
        return rng.choice(INVISIBLE).join(number), number
    return "".join(d + (rng.choice(INVISIBLE) if rng.random() < 0.3 else "") for d in number[:-1]) + number[
        -1
    ], number


def zero_width_and_spaces(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return f" {rng.choice(INVISIBLE)}".join(usual_groups(number)), number


def quoted_reply(rng: Random) -> tuple[str, str]:
    number = card(rng)
    groups = usual_groups(number)
    mark = rng.choice(["> ", ">", ">> ", "> > ", " > "])
    ending = rng.choice(["\n", "\r\n"])
    at = rng.randint(1, len(groups) - 1)
    separator = rng.choice([" ", "-"])
    return separator.join(groups[:at]) + ending + mark + separator.join(groups[at:]), number


def quoted_reply_cut_anywhere(rng: Random) -> tuple[str, str]:
    number = card(rng)
    at = rng.randint(1, len(number) - 1)
    return number[:at] + rng.choice(["\n> ", "\r\n> ", "\n>> ", "\n>"]) + number[at:], number


def over_lines(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return rng.choice(["\n", "\r\n", " \n", "\n\n"]).join(usual_groups(number)), number


def glued(rng: Random) -> tuple[str, str]:
    number = card(rng)
    before = rng.choice(["card", "PAN", "pan", "cc", "visa", "tarjeta", "num", "No", "CardNumber", "nro", "acct",
                         "PAN_", "card_no_", "cc-", "número", "N°", "#", "card#", "TARJETA-"])  # fmt: skip
    after = rng.choice(["", "", "exp", "cvv", "visa", "_", "vence", "x"])
    return before + number + after, number


def with_expiry_and_cvv(rng: Random) -> tuple[str, str]:
    number, (month, year) = card(rng), expiry(rng)
    code = cvv(rng, number)
    shape = rng.choice(["{n}|{m}|{y}|{c}", "{n}|{m}|20{y}|{c}", "{n} {m}/{y} {c}", "{n};{m}{y};{c}", "{n},{m}/20{y},{c}",
                        "{n} exp {m}/{y} cvv {c}", "{n}:{m}:{y}:{c}", "{n} - {m}-{y} - {c}", "{n} vence {m}/{y}, cvv {c}",
                        "{n}/{m}{y}/{c}", "{n}\n{m}/{y}\n{c}", "{n}\t{m}/{y}\t{c}"])  # fmt: skip
    spaced = " ".join(usual_groups(number)) if rng.random() < 0.3 else number
    return shape.format(n=spaced, m=month, y=year, c=code), number


def glued_expiry(rng: Random) -> tuple[str, str]:
    number, (month, year) = card(rng, rng.choice(["visa", "mastercard", "mir", "discover"])), expiry(rng)
    after = rng.choice([month + year, month + year + cvv(rng, number), year + month, f"{month}20{year}"])
    return number + after, number


def length_prefix(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return f"{len(number):02}{number}", number


def iso_8583(rng: Random) -> tuple[str, str]:
    number = card(rng, rng.choice(["visa", "mastercard", "amex", "unionpay_17_19", "mir"]))
    (month, year) = expiry(rng)
    bitmap = rng.choice(
        ["7234054128C28805", "723C648128E18000", "F23C449108E180000000000000000016", "7238000102C00000"]
    )
    amount = f"{rng.randint(1, 99999):012}"
    return f"{rng.choice(['0100', '0200', '0400'])}{bitmap}{len(number):02}{number}000000{amount}0516134512" \
           f"{rng.randint(0, 999999):06}{year}{month}5999", number  # fmt: skip


def track_1(rng: Random) -> tuple[str, str]:
    number, (month, year) = card(rng), expiry(rng)
    name = rng.choice(["DOE/JOHN", "LOPEZ/MARIA A", "GARCIA LOPEZ/JOSE.MR", "CARDHOLDER/VISA"])
    rest = f"{rng.choice(['101', '201', '120'])}{rng.randint(0, 10**10):010}{rng.choice(['', '00000'])}"
    return f"{rng.choice(['%', ''])}B{number}^{name}^{year}{month}{rest}{rng.choice(['?', '?', ''])}", number


def track_2(rng: Random) -> tuple[str, str]:
    number, (month, year) = card(rng), expiry(rng)
    rest = f"{rng.choice(['101', '201', '120'])}{rng.randint(0, 10**9)}"
    return (
        f"{rng.choice([';', ';', ''])}{number}{rng.choice('==D')}{year}{month}{rest}{rng.choice(['?', ''])}",
        number,
    )


def two_in_a_row(rng: Random) -> Sample:
    first, second = card(rng), card(rng)
    between = rng.choice([" and ", ", ", "\n", " / ", ";", " y "])
    written = [number if rng.random() < 0.5 else " ".join(usual_groups(number)) for number in (first, second)]
    start = len(written[0]) + len(between)
    return Sample(between.join(written), second, start, start + len(written[1]), "card")


_FORMS: dict[str, Written] = {
    **{f"plain_{scheme}": partial(plain, scheme=scheme) for scheme in SCHEMES},
    **{f"separated_{name}": partial(separated, separators=signs) for name, signs in SEPARATORS.items()},
    "separated_mixed": mixed_separators,
    "separated_digits": every_digit_alone,
    "separated_pairs": pairs_or_threes,
    "separated_fours": in_fours,
    "digits_fullwidth": partial(other_digits, scripts=["fullwidth"]),
    "digits_arabic": partial(other_digits, scripts=["arabic", "persian"]),
    "digits_indic": partial(other_digits, scripts=["devanagari", "bengali", "thai"]),
    "digits_mathematical": partial(other_digits, scripts=["bold", "monospace"]),
    "digits_mixed": mixed_digits,
    "digits_keycap": keycaps_and_superscripts,
    "zero_width": zero_width,
    "zero_width_spaces": zero_width_and_spaces,
    "quoted_reply": quoted_reply,
    "quoted_reply_cut": quoted_reply_cut_anywhere,
    "over_lines": over_lines,
    "glued_label": glued,
    "pan_expiry_cvv": with_expiry_and_cvv,
    "pan_expiry_glued": glued_expiry,
    "length_prefix": length_prefix,
}

CLASSES = {
    **{name: in_context("card", written) for name, written in _FORMS.items()},
    "iso_8583": in_context("card", iso_8583),
    "track_1": in_context("track", track_1),
    "track_2": in_context("track", track_2),
    "two_in_a_row": two_in_a_row,
    "alone": as_it_is("card", partial(plain, scheme="visa")),
}
