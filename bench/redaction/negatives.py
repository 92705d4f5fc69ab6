# ruff: noqa: E501 - examples are read more easily one a line
"""What looks like a card or a secret and is none; every finding in it is a mistake."""

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from bench.redaction.contexts import around
from bench.redaction.numbers import SCHEMES, complete, digits, iban, luhn_is_right, token

#: Formats of a company's own ids, as an administrator would enter them.
OWN_IDS = ("ORD-################", "TK################", "7700 77## #### ####", "C/4###-########-####")

_HEX = "0123456789abcdef"


def _moment(rng: Random) -> datetime:
    return datetime(2015, 1, 1, tzinfo=UTC) + timedelta(microseconds=rng.randrange(12 * 365 * 86400 * 10**6))


def timestamps(rng: Random) -> str:
    seconds = rng.randrange(1_000_000_000, 1_900_000_000)
    return rng.choice([f"{seconds}{digits(rng, 3)}", f"{seconds}{digits(rng, 6)}", f"{seconds}{digits(rng, 9)}",
                       f"{seconds}.{digits(rng, 6)}", f"{seconds}"])  # fmt: skip


def dates(rng: Random) -> str:
    shape = rng.choice(["%Y-%m-%d %H:%M:%S.%f", "%Y%m%d%H%M%S", "%Y%m%d%H%M%S%f", "%d/%m/%Y %H:%M:%S", "%Y%m%dT%H%M%SZ",
                        "%Y-%m-%dT%H:%M:%S.%f+00:00", "%d.%m.%Y-%H.%M.%S", "%y%m%d %H%M%S %j", "%Y_%m_%d_%H_%M_%S"])  # fmt: skip
    return _moment(rng).strftime(shape)


def date_ranges(rng: Random) -> str:
    shape = rng.choice(["%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%Y-%m-%d %H:%M"])
    return rng.choice([" ", " - ", "/", " to "]).join(
        _moment(rng).strftime(shape) for _ in range(rng.randint(2, 4))
    )


def uuids(rng: Random) -> str:
    value = uuid.UUID(int=rng.getrandbits(128), version=4)
    return rng.choice([str(value), value.hex, str(value).upper(), f"{{{value}}}", f"urn:uuid:{value}"])


def digit_uuids(rng: Random) -> str:
    """UUIDs that happen to be of digits almost throughout."""
    return "-".join(digits(rng, size) for size in (8, 4, 4, 4)) + "-" + digits(rng, 11) + rng.choice("abcdef")


def hashes(rng: Random) -> str:
    value = rng.choice([hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512])(rng.randbytes(9)).hexdigest()
    return rng.choice([value, value.upper(), f"sha256:{value}", f'etag="{value}"', f"/static/app.{value}.js"])


def git_ids(rng: Random) -> str:
    value = token(rng, 40, _HEX)
    return rng.choice([f"commit {value}", value[:7], value[:12], f"{value[:7]}..{value[7:14]}", f"index {value[:11]}..{value[11:22]} 100644",
                       f"refs/{value}"])  # fmt: skip


def imei(rng: Random) -> str:
    number = complete(rng.choice(["35", "86", "01", "99", "45"]) + digits(rng, 12))
    return rng.choice(
        [number, f"IMEI: {number}", f"{number[:2]}-{number[2:8]}-{number[8:14]}-{number[14]}", f"imei={number}"]
    )


def iccid(rng: Random) -> str:
    return complete("89" + digits(rng, rng.choice([16, 17])))


def tracking_numbers(rng: Random) -> str:
    usps = rng.choice(["9400", "9205", "9407", "9303"]) + digits(rng, 18)
    return rng.choice([f"1Z{token(rng, 16, '0123456789ABCDEFGHJKLMNPRSTUVWXYZ')}", usps,
                       " ".join([usps[:4], usps[4:8], usps[8:12], usps[12:16], usps[16:20], usps[20:]]),
                       f"FedEx {rng.choice('7892')}{digits(rng, 11)}", f"JD0146{digits(rng, 14)}", f"RR{digits(rng, 9)}DE",
                       f"DHL {digits(rng, 10)}", f"9612{digits(rng, 18)}"])  # fmt: skip


def decimals(rng: Random) -> str:
    return rng.choice([
        lambda: f"0.{digits(rng, rng.randint(13, 17))}", lambda: repr(rng.uniform(-200, 200)),
        lambda: f"{rng.uniform(-90, 90):.15f}, {rng.uniform(-180, 180):.15f}", lambda: repr(rng.random() * 10**6),
        lambda: f"{rng.uniform(0, 1)!r}e-05", lambda: f"{digits(rng, 1)},{digits(rng, 15)}",
    ])()  # fmt: skip


def amounts(rng: Random) -> str:
    return rng.choice([
        lambda: f"{rng.randrange(10**12, 10**15):,}.{digits(rng, 2)}", lambda: f"{rng.randrange(10**6, 10**9):,}.00 EUR",
        lambda: f"{rng.randrange(10**9, 10**12):,}".replace(",", "."),
        lambda: " ".join(f"{rng.uniform(1, 9999):.2f}" for _ in range(6)),
    ])()  # fmt: skip


def phones(rng: Random) -> str:
    return rng.choice([
        lambda: f"+{rng.choice(['49', '34', '57', '52', '44', '1', '55'])}{digits(rng, 10)}",
        lambda: f"+34 {digits(rng, 3)} {digits(rng, 3)} {digits(rng, 3)}", lambda: f"({digits(rng, 3)}) {digits(rng, 3)}-{digits(rng, 4)}",
        lambda: f"+57 ({digits(rng, 3)}) {digits(rng, 3)} {digits(rng, 4)}", lambda: f"tel:+1-{digits(rng, 3)}-{digits(rng, 3)}-{digits(rng, 4)}",
        lambda: f"0049 {digits(rng, 4)} {digits(rng, 7)}", lambda: f"+52 1 55 {digits(rng, 4)} {digits(rng, 4)}",
        lambda: f"+44{digits(rng, 10)} / +44{digits(rng, 10)}",
    ])()  # fmt: skip


def failing_check(rng: Random) -> str:
    while True:
        prefixes, lengths = SCHEMES[rng.choice(sorted(SCHEMES))]
        prefix = rng.choice(prefixes)
        number = prefix + digits(rng, rng.choice(lengths) - len(prefix))
        if not luhn_is_right(number):
            groups = " ".join(number[place : place + 4] for place in range(0, len(number), 4))
            return rng.choice(
                [number, f"order {number}", f"#{number}", f"ORD-{number}", groups if len(number) == 16 else number]
            )


def no_scheme(rng: Random) -> str:
    """Numbers with a right check digit and a card's length, which no scheme gives out."""
    return complete(
        rng.choice(["1", "0", "7", "91", "92", "99", "84", "88"]) + digits(rng, rng.choice([13, 14, 15, 16]))
    )


def masked_cards(rng: Random) -> str:
    last = digits(rng, 4)
    return rng.choice([f"4111 11XX XXXX {last}", f"************{last}", f"411111******{last}", f"xxxx-xxxx-xxxx-{last}",
                       f"511111••••••{last}", f"•••• {last}", f"ending in {last}", f"{digits(rng, 6)}xxxxxx{last}"])  # fmt: skip


def own_ids(rng: Random) -> str:
    number = complete(rng.choice(["4", "51"]) + digits(rng, 14))[-16:].rjust(16, "4")
    return rng.choice([f"ORD-{number}", f"TK{number}", f"7700 77{digits(rng, 2)} {digits(rng, 4)} {digits(rng, 4)}",
                       f"C/4{digits(rng, 3)}-{digits(rng, 8)}-{digits(rng, 4)}"])  # fmt: skip


def inside_ibans(rng: Random) -> str:
    """The IBAN may be found, a card in its digits may not."""
    number = iban(rng)
    grouped = " ".join(number[place : place + 4] for place in range(0, len(number), 4))
    return rng.choice([number, grouped])


def addresses(rng: Random) -> str:
    parts = [str(rng.randint(1, 254)) for _ in range(4)]
    mac = ":".join(token(rng, 2, _HEX) for _ in range(6))
    return rng.choice([".".join(parts), f"/{'.'.join(parts)}:{rng.randint(1024, 65535)}", mac,
                       ":".join(token(rng, 4, _HEX) for _ in range(8)), f"{'.'.join(parts)} {'.'.join(reversed(parts))}"])  # fmt: skip


def identifiers(rng: Random) -> str:
    return rng.choice([
        f"blk_-{rng.randrange(10**17, 9 * 10**18)}", f"application_1445144423722_{digits(rng, 4)}",
        f"attempt_1445144423722_0020_m_{digits(rng, 6)}_0", f"pi_{token(rng, 24)}", f"i-0{token(rng, 16, _HEX)}",
        f"arn:aws:iam::1{digits(rng, 11)}:user/x", f"AB{digits(rng, 8)}", f"v{rng.randint(1, 9)}.{rng.randint(0, 30)}.{digits(rng, 3)}",
        f"req-{uuid.UUID(int=rng.getrandbits(128))}", f"1{digits(rng, 17)}", f"0x{token(rng, 16, _HEX)}",
    ])  # fmt: skip


def products(rng: Random) -> str:
    return rng.choice([f"ISBN 978-{digits(rng, 1)}-{digits(rng, 4)}-{digits(rng, 4)}-{digits(rng, 1)}", f"EAN 4{digits(rng, 12)}",
                       f"UPC {digits(rng, 12)}", f"GTIN: 0{digits(rng, 13)}", f"978{digits(rng, 10)}", f"SN{digits(rng, 12)}"])  # fmt: skip


def tables(rng: Random) -> str:
    sign = rng.choice([" ", "\t", ",", ";", "|"])
    return "\n".join(sign.join(str(rng.randint(0, 10 ** rng.randint(1, 6))) for _ in range(6)) for _ in range(4))


def html_tables(rng: Random) -> str:
    cells = [f"<td>{rng.randint(0, 10 ** rng.randint(1, 6))}</td>" for _ in range(8)]
    return f"<table><tr>{''.join(cells)}</tr></table>"


def codes(rng: Random) -> str:
    """Three or four digits that are no code of a card."""
    return rng.choice(["error {}", "room {}", "code {}", "HTTP {}", "version {}", "security update {}", "{} EUR", "PIN pad {}",
                       "order {} of 2025", "código postal 28{}", "el código {} no funciona", "port {}"]).format(digits(rng, rng.choice([3, 4])))  # fmt: skip


def encoded_noise(rng: Random) -> str:
    return rng.choice([
        lambda: f"%{token(rng, 2, _HEX)}%{token(rng, 2, _HEX)}/a%20b?x={digits(rng, 9)}", lambda: token(rng, 64),
        lambda: f"data:image/png;base64,{token(rng, 200, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')}==",
        lambda: "&#8364;&nbsp;1.299,00&nbsp;&#8364;&nbsp;999,00", lambda: f"\\u00e9\\u00f1 {digits(rng, 6)} \\u20ac",
        lambda: f"=C3=A9=20{digits(rng, 5)}=\n{digits(rng, 4)} caf=C3=A9",
    ])()  # fmt: skip


def urls(rng: Random) -> str:
    return rng.choice([
        f"https://example.com/a/{digits(rng, 8)}?ts=17{digits(rng, 11)}&v={digits(rng, 3)}",
        f"https://user@host.example:8443/path/{token(rng, 12)}", f"postgres://db.internal:5432/app?sslmode=require&n={digits(rng, 5)}",
        f"https://x.example/p?page={digits(rng, 2)}&sort=token&id={uuid.UUID(int=rng.getrandbits(128))}", f"mailto:a{digits(rng, 4)}@b.example",
    ])  # fmt: skip


def secret_words(rng: Random) -> str:
    return rng.choice(["I forgot my password: please help", "the token expired", "reset the password at /password/reset", "No recuerdo la contraseña.",
                       "api_key is missing", "password=<redacted>", "secret: none", "Authorization: Bearer <token>", "Failed password for root from 10.0.0.1",
                       "sk_live_...", "-----BEGIN CERTIFICATE-----", "token=null", "the CVV was wrong", "cvv required", "No me llegó el código de seguridad"])  # fmt: skip


_MAKERS: list[Callable[[Random], str]] = [
    timestamps, dates, date_ranges, uuids, digit_uuids, hashes, git_ids, imei, iccid, tracking_numbers, decimals, amounts, phones,
    failing_check, no_scheme, masked_cards, own_ids, inside_ibans, addresses, identifiers, products, tables, html_tables, codes,
    encoded_noise, urls, secret_words,
]  # fmt: skip

CLASSES: dict[str, Callable[[Random], str]] = {
    maker.__name__: (lambda rng, maker=maker: around(rng, maker(rng))[0]) for maker in _MAKERS
}
#: Kinds of finding that are right in a class all the same.
RIGHT = {"inside_ibans": {"iban"}}
