# ruff: noqa: E501 - examples are read more easily one a line
"""Everything else that must go: codes from a card's back, IBANs, keys, tokens, passwords in addresses."""

import base64
import json
import string
from collections.abc import Callable
from random import Random

from bench.redaction.numbers import card, cvv, digits, expiry, iban, token, usual_groups
from bench.redaction.samples import Sample, Written, as_it_is, in_context

_UPPER = string.ascii_uppercase + string.digits
_HEX = "0123456789abcdef"


def cvv_by_label(rng: Random) -> tuple[str, str]:
    code = digits(rng, rng.choice([3, 3, 4]))
    return rng.choice([
        "CVV: {}", "cvv {}", "CVV2={}", "cvc:{}", "CVC2 {}", "the cvv is {}", "my CVV code is {}", "security code: {}",
        "security code is {}", "CID {}", "card verification value {}", "CVN: {}", "CSC={}", "código de seguridad: {}",
        "codigo de seguridad {}", "el cvv es {}", "mi CVV es el {}", "cód. seguridad {}", "código CVV {}", "(cvv {})",
        "cvv - {}", "cvv#{}", "Cvv : {}", "CVV/CVC: {}", "CVV2 number: {}", "clave CVC: {}", "CAV2: {}",
        "código de verificación de la tarjeta: {}", "card security code {}", "CVV number {}",
    ]).format(code), code  # fmt: skip


def cvv_in_formats(rng: Random) -> tuple[str, str]:
    code = digits(rng, rng.choice([3, 3, 4]))
    return rng.choice([
        '{{"cvv":"{}"}}', '{{"cvv": {}, "x": 1}}', "<cvv>{}</cvv>", "cvv={}&x=1", '{{"securityCode":"{}"}}',
        '{{"security_code": "{}"}}', "card[cvc]={}", "<CVV2 type='s'>{}</CVV2>", "cvv%3D{}", "\\\"cvc\\\":\\\"{}\\\"",
        "'cvv': '{}'", "cvv=>{}", "CARD_CVV={}", "card.cvc: {}", "cardCvv={}", "verification_value={}",
    ]).format(code), code  # fmt: skip


def cvv_near_a_card(rng: Random) -> Sample:
    number, (month, year) = card(rng), expiry(rng)
    code = cvv(rng, number)
    shown = rng.choice([number, " ".join(usual_groups(number)), "-".join(usual_groups(number))])
    before = rng.choice([
        "{n} {m}/{y} ", "{n}|{m}|{y}|", "{n}|{m}|20{y}|", "{n};{m}{y};", "{n} exp {m}/{y} ", "{n}, {m}/{y}, ",
        "{n} {m}-{y} ", "{n} vence {m}/{y} ", "{n}:{m}/{y}:", "{n} | {m}/{y} | ", "{n}\n{m}/{y}\n", "{n} {m}/20{y} - ",
        "{n} caduca {m}/{y}, ", "{n},{m}{y},", "{n} valid thru {m}/{y} ", "card {n} expires {m}/{y} ",
    ]).format(n=shown, m=month, y=year)  # fmt: skip
    start = rng.choice(["", "My card: ", "tarjeta ", "use this one "]) + before
    return Sample(
        start + code + rng.choice(["", ".", " thanks", "\n", " John Doe"]),
        code,
        len(start),
        len(start) + len(code),
        "cvv",
    )


def iban_plain(rng: Random) -> tuple[str, str]:
    number = iban(rng)
    return rng.choice([number, number, number.lower()]), number


def iban_grouped(rng: Random) -> tuple[str, str]:
    number = iban(rng)
    groups = [number[place : place + 4] for place in range(0, len(number), 4)]
    return rng.choice([" ", " ", "-", "\u00a0"]).join(groups), number


def iban_in_formats(rng: Random) -> tuple[str, str]:
    number = iban(rng)
    return rng.choice([json.dumps({"iban": number}), f"<IBAN>{number}</IBAN>", f"iban={number}&a=1", f"IBAN{number}",
                       f"IBAN:{number}", f"IBAN {number},"]), number  # fmt: skip


def stripe(rng: Random) -> tuple[str, str]:
    secret = rng.choice(["sk_live_", "rk_live_"]) + token(rng, rng.choice([24, 99]))
    return rng.choice(["{}", "STRIPE_KEY={}", "-u {}:", "Authorization: Bearer {}", '"key": "{}"']).format(
        secret
    ), secret


def aws(rng: Random) -> tuple[str, str]:
    if rng.random() < 0.5:
        secret = rng.choice(["AKIA", "ASIA"]) + token(rng, 16, string.ascii_uppercase + "234567")
        return rng.choice(["{}", "aws_access_key_id = {}", "AWS_ACCESS_KEY_ID={}"]).format(secret), secret
    secret = token(rng, 40, string.ascii_letters + string.digits + "+/")
    return rng.choice(["aws_secret_access_key = {}", "AWS_SECRET_ACCESS_KEY={}", '"SecretAccessKey": "{}"',
                       "secret_access_key: {}"]).format(secret), secret  # fmt: skip


def github(rng: Random) -> tuple[str, str]:
    secret = rng.choice([
        lambda: f"{rng.choice(['ghp', 'gho', 'ghu', 'ghs', 'ghr'])}_{token(rng, 36)}",
        lambda: f"github_pat_{token(rng, 22)}_{token(rng, 59)}",
    ])()  # fmt: skip
    return rng.choice(["{}", "token {}", "https://{}@github.com/x/y.git", "GH_TOKEN={}"]).format(secret), secret


def slack(rng: Random) -> tuple[str, str]:
    secret = rng.choice([
        lambda: f"xoxb-{digits(rng, 12)}-{digits(rng, 12)}-{token(rng, 24)}",
        lambda: f"xoxp-{digits(rng, 12)}-{digits(rng, 12)}-{digits(rng, 12)}-{token(rng, 32, _HEX)}",
        lambda: f"https://hooks.slack.com/services/T{token(rng, 8, _UPPER)}/B{token(rng, 8, _UPPER)}/{token(rng, 24)}",
    ])()  # fmt: skip
    return secret, secret.rsplit("/", 1)[-1]


def jwt(rng: Random) -> tuple[str, str]:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    signature = token(rng, 43, string.ascii_letters + string.digits + "-_")
    head = part({"alg": rng.choice(["HS256", "RS256"]), "typ": "JWT"})
    secret = f"{head}.{part({'sub': digits(rng, 10), 'name': 'John Doe', 'iat': 1516239022})}.{signature}"
    return rng.choice(["{}", "Authorization: Bearer {}", "token={}", '{{"access_token":"{}"}}']).format(
        secret
    ), secret


def google(rng: Random) -> tuple[str, str]:
    alphabet = string.ascii_letters + string.digits + "-_"
    secret = rng.choice([lambda: "AIza" + token(rng, 35, alphabet), lambda: "ya29." + token(rng, 68, alphabet),
                         lambda: "GOCSPX-" + token(rng, 28, alphabet)])()  # fmt: skip
    return rng.choice(["{}", "key={}", "?key={}&q=1"]).format(secret), secret


def other_keys(rng: Random) -> tuple[str, str]:
    secret = rng.choice([
        lambda: f"glpat-{token(rng, 20)}", lambda: f"SG.{token(rng, 22)}.{token(rng, 43)}",
        lambda: f"npm_{token(rng, 36)}", lambda: f"sk-proj-{token(rng, 48)}", lambda: f"sk-ant-api03-{token(rng, 93)}AA",
        lambda: f"shpat_{token(rng, 32, _HEX)}", lambda: f"hf_{token(rng, 34)}", lambda: f"dop_v1_{token(rng, 64, _HEX)}",
        lambda: f"SK{token(rng, 32, _HEX)}", lambda: f"sq0atp-{token(rng, 22)}", lambda: f"key-{token(rng, 32, _HEX)}",
        lambda: f"{digits(rng, 10)}:AA{token(rng, 33)}", lambda: f"whsec_{token(rng, 32)}",
        lambda: f"pypi-AgEIcHlwaS5vcmc{token(rng, 80)}", lambda: f"APP_USR-{digits(rng, 16)}-{digits(rng, 6)}-{token(rng, 32, _HEX)}-{digits(rng, 9)}",
    ])()  # fmt: skip
    return secret, secret


def labelled_key(rng: Random) -> tuple[str, str]:
    secret = token(rng, rng.choice([32, 40]), rng.choice([_HEX, string.ascii_letters + string.digits]))
    return rng.choice(["api_key={}", "API-KEY: {}", '"client_secret": "{}"', "X-Api-Key: {}", "access_token={}&x=1",
                       "Authorization: Bearer {}", "secret: {}", "apikey={}", "auth_token = '{}'"]).format(secret), secret  # fmt: skip


def password_in_url(rng: Random) -> tuple[str, str]:
    secret = token(rng, rng.randint(6, 16), string.ascii_letters + string.digits + "!$._-") + "q"
    scheme = rng.choice(
        ["postgres", "https", "mysql", "redis", "ftp", "amqp", "mongodb+srv", "http", "smtp", "postgresql"]
    )
    user = rng.choice(["admin", "app_user", "svc-pay", "root", "j.doe"])
    return (
        f"{scheme}://{user}:{secret}@{rng.choice(['db.internal', 'host.example.com', '10.0.0.7'])}:5432/app",
        secret,
    )


def password_in_query(rng: Random) -> tuple[str, str]:
    secret = token(rng, rng.randint(8, 16))
    name = rng.choice(["password", "passwd", "pwd", "pass", "token", "access_token", "api_key", "secret"])
    return f"https://x.example/login?user=joe&{name}={secret}{rng.choice(['', '&next=/'])}", secret


def basic_auth(rng: Random) -> tuple[str, str]:
    secret = base64.b64encode(f"user{digits(rng, 2)}:{token(rng, 10)}".encode()).decode()
    return f"Authorization: Basic {secret}", secret


def private_key(rng: Random) -> tuple[str, str]:
    name = rng.choice(["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY",
                       "DSA PRIVATE KEY"])  # fmt: skip
    lines = [token(rng, 64, string.ascii_letters + string.digits + "+/") for _ in range(rng.randint(3, 24))]
    ending = rng.choice(["\n", "\n", "\r\n", "\\n"])
    return ending.join([f"-----BEGIN {name}-----", *lines, f"-----END {name}-----"]), lines[1]


_ANYWHERE: dict[str, Written] = {
    "cvv_label": cvv_by_label, "cvv_formats": cvv_in_formats,
}  # fmt: skip
_IBANS: dict[str, Written] = {"iban": iban_plain, "iban_grouped": iban_grouped, "iban_formats": iban_in_formats}
_KEYS: dict[str, Written] = {
    "key_stripe": stripe, "key_aws": aws, "key_github": github, "key_slack": slack, "key_jwt": jwt, "key_google": google,
    "key_other": other_keys, "key_labelled": labelled_key, "key_basic_auth": basic_auth,
}  # fmt: skip
_PASSWORDS: dict[str, Written] = {"password_url": password_in_url, "password_query": password_in_query}

CLASSES: dict[str, Callable[[Random], Sample]] = {
    **{name: in_context("cvv", written) for name, written in _ANYWHERE.items()},
    **{name: in_context("iban", written) for name, written in _IBANS.items()},
    **{name: in_context("key", written) for name, written in _KEYS.items()},
    **{name: in_context("password", written) for name, written in _PASSWORDS.items()},
    "cvv_near": cvv_near_a_card,
    "private_key": in_context("private_key", private_key),
    "private_key_alone": as_it_is("private_key", private_key),
}
