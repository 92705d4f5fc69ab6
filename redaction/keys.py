"""Keys, tokens and passwords: by the form that makers give them, by a label, by their place in an address.

The forms are those that the makers publish so that leaked keys can be found. What is public of a key (its
prefix) stays, so that people know which one to revoke.
"""

import re
from collections.abc import Iterator

from redaction.schemes import MASK, Edit, Found, rows

#: What is public of a key, and what is not.
_FORMS = [
    (r"(?:sk|rk)_(?:live|test)_", r"[0-9A-Za-z]{10,247}"),  # Stripe
    (r"whsec_", r"[0-9A-Za-z+/=]{20,64}"),
    (r"(?:AKIA|ASIA|ABIA|ACCA)", r"[A-Z2-7]{16}"),  # AWS
    (r"gh[pousr]_", r"[0-9A-Za-z]{36,251}"),  # GitHub
    (r"github_pat_", r"[0-9A-Za-z_]{36,255}"),
    (r"gl(?:pat|dt|rt|ptt|ft|soat|cbt|imt|agent)-", r"[0-9A-Za-z_-]{20,}"),  # GitLab
    (r"xox[abeoprs]-", r"[0-9A-Za-z-]{10,250}"),  # Slack
    (r"xapp-", r"[0-9]-[0-9A-Za-z-]{20,250}"),
    (r"https://hooks\.slack\.com/(?:services|workflows|triggers)/", r"[0-9A-Za-z/_-]{20,}"),
    (r"https://discord(?:app)?\.com/api/webhooks/", r"[0-9]{17,20}/[0-9A-Za-z_-]{60,70}"),
    (r"eyJ", r"[0-9A-Za-z_-]{10,}\.(?:eyJ)?[0-9A-Za-z_-]{4,}\.[0-9A-Za-z_-]{0,}"),  # JSON web tokens
    (r"AIza", r"[0-9A-Za-z_-]{35}"),  # Google
    (r"ya29\.", r"[0-9A-Za-z_-]{20,}"),
    (r"GOCSPX-", r"[0-9A-Za-z_-]{20,}"),
    (r"1//0", r"[0-9A-Za-z_-]{40,}"),
    (r"SG\.", r"[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{16,64}"),  # SendGrid
    (r"SK", r"[0-9a-f]{32}"),  # Twilio
    (r"key-", r"[0-9a-f]{32}"),  # Mailgun
    (r"npm_", r"[0-9A-Za-z]{36}"),
    (r"pypi-", r"AgE[0-9A-Za-z_-]{50,}"),
    (r"rubygems_", r"[0-9a-f]{48}"),
    (r"sk-(?:proj-|ant-[a-z]+[0-9]{2}-|svcacct-|or-v1-)?", r"[0-9A-Za-z_-]{32,}"),  # OpenAI, Anthropic
    (r"hf_", r"[0-9A-Za-z]{30,}"),  # Hugging Face
    (r"shp(?:at|ca|pa|ss)_", r"[0-9A-Fa-f]{32}"),  # Shopify
    (r"do[opr]_v1_", r"[0-9a-f]{64}"),  # DigitalOcean
    (r"sq0(?:atp|csp|idp)-", r"[0-9A-Za-z_-]{22,}"),  # Square
    (r"EAAA[A-Za-z0-9]?", r"[0-9A-Za-z_-]{60,}"),
    (r"APP_USR-", r"[0-9]{10,}-[0-9A-Za-z-]{20,}"),  # Mercado Pago
    (r"access_token\$(?:production|sandbox)\$", r"[0-9a-z]{10,}\$[0-9a-f]{32}"),  # Braintree
    (r"AQE", r"[0-9A-Za-z+/=]{20,}-[0-9A-Za-z+/=]{20,}-[0-9A-Za-z<>(){}\[\]&^%$#@!*.,:;/=+_~-]{8,}"),  # Adyen
    (r"NRAK-", r"[0-9A-Z]{27}"),  # New Relic
    (r"lin_(?:api|oauth)_", r"[0-9A-Za-z]{32,64}"),  # Linear
    (r"(?:secret|ntn)_", r"[0-9A-Za-z]{43,50}"),  # Notion
    (r"ATATT3", r"[0-9A-Za-z_=-]{60,}"),  # Atlassian
    (r"dapi", r"[0-9a-f]{32}"),  # Databricks
    (r"dp\.(?:pt|st|ct)\.", r"[0-9A-Za-z.]{40,}"),  # Doppler
    (r"PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),  # Postman
    (r"(?:hvs|hvb)\.", r"[0-9A-Za-z_-]{24,}"),  # Vault
    (r"sntrys_", r"eyJ[0-9A-Za-z+/=_-]{40,}"),  # Sentry
    (r"glsa_", r"[0-9A-Za-z]{32}_[0-9a-f]{8}"),  # Grafana
    (r"tskey-", r"[a-z]+-[0-9A-Za-z-]{20,}"),  # Tailscale
    (r"[0-9]{8,10}:", r"AA[0-9A-Za-z_-]{32,34}"),  # Telegram
    (r"AccountKey=", r"[0-9A-Za-z+/]{60,}={0,2}"),  # Azure
    (r"SharedAccessSignature=|[?&]sig=", r"[0-9A-Za-z%+/=]{30,}"),
]
_KEY = re.compile(
    "|".join(
        f"(?<![0-9A-Za-z])(?:{public})(?P<k{n}>{secret})(?![0-9A-Za-z])"
        for n, (public, secret) in enumerate(_FORMS)
    )
)
_HEADER = re.compile(
    r"(?i)(?:authorization[\"']?\s*[:=]\s*[\"']?\s*)?\b(?P<scheme>bearer|basic|token|digest)\s+"
    r"(?P<key>[0-9A-Za-z+/_.~-]{12,}=*)"
)
_WORDS = (
    r"(?:api|access|auth|client|secret|private|signing|encryption|master|session|refresh|bearer|app"
    r"|consumer|webhook|account|aws|x)"
)
_LABEL = re.compile(
    rf"(?i)(?<![a-z])(?:{_WORDS}[\s_.-]?){{0,4}}(?:api[\s_.-]?key|access[\s_.-]?key(?:[\s_.-]?id)?|secret(?:[\s_.-]?access)?(?:[\s_.-]?key)?"
    r"|token|auth[\s_.-]?key|client[\s_.-]?secret|private[\s_.-]?key|signing[\s_.-]?key|encryption[\s_.-]?key|credentials?|clave[\s_.-]?api)"
    r"[\"'\\\]]{0,3}\s{0,3}(?:=>|:=|[:=])\s{0,3}[\"'\\]{0,3}(?P<key>[0-9A-Za-z+/_.~=-]{16,512})"
)
_PASSWORD = re.compile(
    r"(?i)(?<![a-z])(?:[a-z]{1,20}[_.-])?(?:pass(?:word|wd|phrase|code)?|pwd|contrase[ñn]a|clave(?:[\s_](?:de[\s_])?acceso)?)[\"'\\\]]{0,3}\s{0,3}(?:=>|:=|[:=])\s{0,3}"
    r"[\"'\\]{0,3}(?P<key>[^\s\"'\\&<>;,•]{6,128})"
)
_IN_QUERY = re.compile(
    r"(?i)[?&;](?:[a-z]{1,20}[_-])?(?:pass(?:word|wd|phrase)?|pwd|contrasena|clave|token|api[_-]?key|apikey|secret|auth|key|jwt|session|sid|signature|code_verifier|otp|pin)"
    r"=(?P<key>[^\s\"'&#<>;•]{4,512})"
)
_IN_ADDRESS = re.compile(
    r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/?#:@\"'<>]{0,80}:(?P<key>[^\s\"'<>•@]{1,200}(?:@[^\s\"'<>•@/]{1,80})?)@(?=[\w\[%.-])"
)
_PRIVATE = re.compile(
    r"-{4,5} ?BEGIN (?P<name>[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?) ?-{4,5}(?P<key>.{0,20000}?)"
    r"(?:-{4,5} ?END (?P=name) ?-{4,5}|\Z|(?=-{4,5} ?BEGIN ))",
    re.DOTALL,
)
_STAND_IN = re.compile(r"\$\{.*\}|\$[A-Z_]+|%[A-Z_]+%|<.*>|\{.*\}|\[.*\]|\*+|[xX]+|//.*")
_PLACEHOLDER = re.compile(
    r"(?i)[<\[{(*$%.]|(?:x{3,}|your|example|changeme|null|none|true|false|undefined|redacted|\*{3,})(?:$|[^a-z])"
)


def find(text: str, start: int, end: int) -> Iterator[Found]:
    """Keys and tokens by their makers' forms, by header, and by label."""
    for match in _KEY.finditer(text, start, end):
        yield _hidden("key", *match.span(match.lastgroup or 0))
    for match in _HEADER.finditer(text, start, end):
        if _is_random(match["key"]) or (match["scheme"].lower() == "basic" and _has_both_cases(match["key"][1:])):
            yield _hidden("key", *match.span("key"))
    for match in _LABEL.finditer(text, start, end):
        if _is_random(match["key"]):
            yield _hidden("key", *match.span("key"))


def find_passwords(text: str, start: int, end: int) -> Iterator[Found]:
    """Passwords in the address of a service or page, and by label."""
    for match in _IN_ADDRESS.finditer(text, start, end):
        if MASK not in match["key"] and not _STAND_IN.fullmatch(match["key"]):
            yield _hidden("password", *match.span("key"))
    for match in _IN_QUERY.finditer(text, start, end):
        if not _PLACEHOLDER.match(match["key"]) and (_is_mixed(match["key"]) or "pass" in match[0].lower()):
            yield _hidden("password", *match.span("key"))
    for match in _PASSWORD.finditer(text, start, end):
        if _is_mixed(match["key"]) and not _PLACEHOLDER.match(match["key"]):
            yield _hidden("password", *match.span("key"))


def find_private(text: str) -> Iterator[Found]:
    """Private keys in PEM and PGP armour; one that is cut off goes to the end."""
    for match in _PRIVATE.finditer(text):
        places = [place for place in range(*match.span("key")) if text[place].isalnum() or text[place] in "+/="]
        edits = rows(places)
        if edits:
            yield Found("private_key", match.start(), match.end(), edits)


def _hidden(kind: str, start: int, end: int) -> Found:
    return Found(kind, start, end, [Edit(start, end, MASK * min(end - start, 40))])


def _is_random(key: str) -> bool:
    """Letters and digits mixed as people do not mix them: not a word, a number, or a name with dots."""
    digits = sum(character.isdigit() for character in key)
    letters = sum(character.isalpha() for character in key)
    mixed = digits >= 2 or (digits >= 1 and _has_both_cases(key))
    return letters >= 2 and mixed and not _PLACEHOLDER.match(key) and len(set(key)) >= 6


def _is_mixed(key: str) -> bool:
    return any(c.isalpha() for c in key) and (any(c.isdigit() for c in key) or _has_both_cases(key[1:]))


def _has_both_cases(key: str) -> bool:
    return key != key.lower() and key != key.upper()
