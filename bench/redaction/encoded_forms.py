# ruff: noqa: E501 - examples are read more easily one a line
"""Cards inside formats and encodings, one layer or several: JSON, XML, HTML, URLs, base64, mail."""

import base64
import json
import quopri
from collections.abc import Callable
from functools import partial
from random import Random
from urllib.parse import quote, quote_plus, urlencode

from bench.redaction.card_forms import INVISIBLE
from bench.redaction.contexts import around
from bench.redaction.numbers import card, cvv, digits, expiry, token, usual_groups
from bench.redaction.samples import Sample, Written, as_it_is, in_context

_KEYS = [
    "pan",
    "card_number",
    "cardNumber",
    "number",
    "cc",
    "account",
    "value",
    "tarjeta",
    "primaryAccountNumber",
    "x",
]


def _shown(rng: Random, number: str) -> str:
    """Plain, or as people group it."""
    return rng.choice([number, number, " ".join(usual_groups(number)), "-".join(usual_groups(number))])


def _payload(rng: Random, number: str) -> dict[str, object]:
    month, year = expiry(rng)
    wanted: dict[str, object] = {rng.choice(_KEYS): rng.choice([number, int(number), _shown(rng, number)])}
    more: list[tuple[str, object]] = [
        ("exp", f"{month}/{year}"), ("cvv", cvv(rng, number)), ("amount", rng.randint(1, 10**6)),
        ("currency", "EUR"), ("id", token(rng, 12)), ("name", "José Núñez"), ("ts", 1747353604512),
    ]  # fmt: skip
    chosen = rng.sample(more, rng.randint(0, 4))
    items = [*wanted.items(), *chosen]
    rng.shuffle(items)
    return dict(items)


def _json(rng: Random, number: str) -> str:
    value: object = _payload(rng, number)
    if rng.random() < 0.4:
        value = {"data": {rng.choice(["payment", "source", "card"]): value}, "ok": rng.choice([True, None])}
    return json.dumps(value, indent=rng.choice([None, None, 2]), ensure_ascii=rng.random() < 0.5)


def as_json(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return _json(rng, number), number


def json_in_json(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return json.dumps({"event": "charge", "body": _json(rng, number)}), number


def json_escapes(rng: Random) -> tuple[str, str]:
    number = card(rng)
    share = rng.choice([1, 1, 0.4])
    escaped = "".join(f"\\u{ord(c):04x}" if rng.random() < share else c for c in _shown(rng, number))
    return f'{{"{rng.choice(_KEYS)}": "{escaped}"}}', number


def hex_escapes(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return "".join(f"\\x{ord(c):02x}" for c in _shown(rng, number)), number


def as_xml(rng: Random) -> tuple[str, str]:
    number, key = card(rng), rng.choice(_KEYS)
    month, year = expiry(rng)
    return rng.choice([
        f"<{key}>{_shown(rng, number)}</{key}>",
        f"<card><{key}>{number}</{key}><exp>{year}{month}</exp></card>",
        f'<Card {key}="{_shown(rng, number)}" exp="{month}{year}"/>',
        f"<ns:{key} type='s'><![CDATA[{_shown(rng, number)}]]></ns:{key}>",
        f"<{key}>\n    {number}\n  </{key}>",
    ]), number  # fmt: skip


def xml_parts(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return "".join(f"<part>{group}</part>" for group in usual_groups(number)), number


def html_tags(rng: Random) -> tuple[str, str]:
    number = card(rng)
    groups = usual_groups(number)
    return rng.choice([
        lambda: "".join(f"<b>{group}</b>" for group in groups),
        lambda: " ".join(f"<span class='d{n}'>{group}</span>" for n, group in enumerate(groups)),
        lambda: "<br>".join(groups),
        lambda: f"{number[:5]}<b>{number[5:9]}</b>{number[9:]}",
        lambda: f'<td style="color:#fff">{number}</td><td>12</td>',
        lambda: "<wbr>".join(groups),
        lambda: "".join(f"<i>{digit}</i>" for digit in number),
        lambda: f"<p>{groups[0]} <strong>{' '.join(groups[1:])}</strong></p>",
        lambda: f"{number[:7]}<!-- x -->{number[7:]}",
        lambda: "<tr>" + "".join(f"<td>{group}</td>" for group in groups) + "</tr>",
        lambda: f"<div data-id=\"7\"><a href='#'>{' '.join(groups)}</a></div>",
        lambda: "-<br/>\n".join(groups),
    ])(), number  # fmt: skip


def html_entities(rng: Random) -> tuple[str, str]:
    number = card(rng)
    form = rng.choice(["&#{};", "&#x{:x};", "&#{:03};", "&#x{:X};"])
    share = rng.choice([1, 1, 0.5])
    return "".join(form.format(ord(c)) if rng.random() < share else c for c in _shown(rng, number)), number


def entity_separators(rng: Random) -> tuple[str, str]:
    number = card(rng)
    sign = rng.choice(["&nbsp;", "&#160;", "&#xA0;", "&thinsp;", "&ensp;", "&ndash;", "&#8203;", "&shy;", "&zwnj;",
                       "&#45;", "&nbsp;&nbsp;", "&#x200B;", " &nbsp;"])  # fmt: skip
    return sign.join(usual_groups(number)), number


def html_and_entities(rng: Random) -> tuple[str, str]:
    number = card(rng)
    groups = ["".join(f"&#{ord(c)};" for c in g) if rng.random() < 0.5 else g for g in usual_groups(number)]
    return rng.choice(["&nbsp;", " ", "-"]).join(f"<b>{group}</b>" for group in groups), number


def url(rng: Random) -> tuple[str, str]:
    number = card(rng)
    host = rng.choice(["https://pay.example.com", "http://10.1.2.3:8080", "https://api.shop.example/v1", ""])
    return rng.choice([
        lambda: f"{host}/pay?pan={number}&amount=100",
        lambda: f"{host}/cards/{number}/charges",
        lambda: f"{host}/x?{urlencode({'q': _shown(rng, number), 'lang': 'es'})}",
        lambda: f"{host}/#card={number}",
        lambda: f"{host}/find?id=7&n={quote(_shown(rng, number))}",
        lambda: f"amount=10.00&{rng.choice(_KEYS)}={quote_plus(_shown(rng, number))}&exp=12%2F27",
        lambda: f"GET /v1/t/{number}.json?ts=1747353604512 HTTP/1.1",
    ])(), number  # fmt: skip


def percent(rng: Random) -> tuple[str, str]:
    number = card(rng)
    share = rng.choice([1, 1, 0.5])
    shown = _shown(rng, number)
    return "".join(
        f"%{ord(c):02{rng.choice('xX')}}" if rng.random() < share or c == " " else c for c in shown
    ), number


def percent_twice(rng: Random) -> tuple[str, str]:
    number = card(rng)
    if rng.random() < 0.5:
        return quote("".join(f"%{ord(c):02X}" for c in number)), number
    return quote(quote(rng.choice([" ", "\u00a0", "/"]).join(usual_groups(number)))), number


def percent_unicode(rng: Random) -> tuple[str, str]:
    number = card(rng)
    if rng.random() < 0.5:
        return quote(number.translate({48 + n: 0xFF10 + n for n in range(10)})), number
    return quote(rng.choice([*INVISIBLE[:5], "\u00a0", "\u2009"]).join(usual_groups(number))), number


def quoted_printable(rng: Random) -> tuple[str, str]:
    number = card(rng)
    shown = _shown(rng, number)
    at = rng.randint(1, len(shown) - 1)
    return rng.choice([
        lambda: shown[:at] + rng.choice(["=\n", "=\r\n"]) + shown[at:],
        lambda: "".join(f"={ord(c):02X}" for c in shown),
        lambda: rng.choice(["=20", "=C2=A0", "=E2=80=8B", "=2D"]).join(usual_groups(number)),
        lambda: quopri.encodestring(f"Señor, la tarjeta es {shown}. Por favor ".encode() * 1, quotetabs=True).decode(),
        lambda: "".join(f"={ord(c):02X}" if rng.random() < 0.4 else c for c in shown),
    ])(), number  # fmt: skip


def quoted_printable_mail(rng: Random) -> tuple[str, str]:
    number = card(rng)
    filler = "Buenos días, escribo porque el cobro apareció dos veces y nadie responde " * rng.randint(1, 2)
    body = f"{filler[: rng.randint(10, 100)]} {_shown(rng, number)} ¿pueden anularlo? Gracias, José."
    return quopri.encodestring(body.encode()).decode(), number


def _base64(rng: Random, text: str) -> str:
    encode = rng.choice([base64.b64encode, base64.b64encode, base64.urlsafe_b64encode])
    encoded = encode(text.encode()).decode()
    return encoded.rstrip("=") if rng.random() < 0.3 else encoded


def base64_number(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return _base64(rng, _shown(rng, number)), number


def base64_sentence(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return _base64(rng, around(rng, _shown(rng, number))[0]), number


def base64_json(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return _base64(rng, _json(rng, number)), number


def base64_lines(rng: Random) -> tuple[str, str]:
    number = card(rng)
    text = " ".join(around(rng, _shown(rng, number) if n == 1 else "the order")[0] for n in range(4))
    return base64.encodebytes(text.encode()).decode(), number


def base64_twice(rng: Random) -> tuple[str, str]:
    number = card(rng)
    inner = base64.b64encode(f"card={number}&x={digits(rng, 3)}".encode()).decode()
    return base64.b64encode(f'{{"p":"{inner}"}}'.encode()).decode(), number


def base64_data_url(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return f"data:text/plain;base64,{_base64(rng, f'no {number} ok')}", number


def json_in_url(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return f"/cb?data={quote(_json(rng, number))}&v=2", number


def percent_in_json(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return json.dumps({"query": f"a=1&pan={quote(' '.join(usual_groups(number)))}", "s": 200}), number


def entities_in_xml_in_json(rng: Random) -> tuple[str, str]:
    number = card(rng)
    inner = "".join(f"&#{ord(c)};" for c in number)
    return json.dumps({"soap": f"<s:Body><pan>{inner}</pan></s:Body>"}), number


def escaped_html(rng: Random) -> tuple[str, str]:
    number = card(rng)
    first, *rest = usual_groups(number)
    return f"&lt;b&gt;{first}&lt;/b&gt;&amp;nbsp;{'&amp;nbsp;'.join(rest)}", number


def base64_in_json(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return json.dumps({"payload": _base64(rng, _json(rng, number)), "v": 1}), number


def base64_in_url(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return f"https://x.example/r?d={quote(base64.b64encode(_json(rng, number).encode()).decode())}", number


def csv_row(rng: Random) -> tuple[str, str]:
    number = card(rng)
    month, year = expiry(rng)
    sign = rng.choice([",", ";", "\t", "|"])
    return sign.join([digits(rng, 4), "2025-03-01", rng.choice(["{}", '"{}"']).format(_shown(rng, number)),
                      f"{month}/{year}", f"{rng.randint(1, 999)}.50"]), number  # fmt: skip


def python_repr(rng: Random) -> tuple[str, str]:
    number = card(rng)
    return rng.choice([f"{_payload(rng, number)!r}", f"Card(number={number!r}, id={digits(rng, 3)})",
                       f"{[number, None, 3.5]!r}", f"b'pan={number}\\r\\n'", f"$card = \"{number}\";"]), number  # fmt: skip


def form_data(rng: Random) -> tuple[str, str]:
    number = card(rng)
    edge = token(rng, 16)
    return (
        f'------{edge}\r\nContent-Disposition: form-data; name="{rng.choice(_KEYS)}"\r\n\r\n'
        f"{_shown(rng, number)}\r\n------{edge}--\r\n"
    ), number


_ANYWHERE: dict[str, Written] = {
    "json": as_json, "json_in_json": json_in_json, "json_escapes": json_escapes, "hex_escapes": hex_escapes,
    "xml": as_xml, "xml_parts": xml_parts, "html_tags": html_tags, "html_entities": html_entities,
    "html_entity_separators": entity_separators, "html_tags_entities": html_and_entities, "url": url,
    "percent": percent, "percent_twice": percent_twice, "percent_unicode": percent_unicode,
    "quoted_printable": quoted_printable, "base64_number": base64_number, "base64_sentence": base64_sentence,
    "base64_json": base64_json, "base64_twice": base64_twice, "base64_data_url": base64_data_url,
    "layers_json_in_url": json_in_url, "layers_percent_in_json": percent_in_json,
    "layers_xml_in_json": entities_in_xml_in_json, "layers_escaped_html": escaped_html,
    "layers_base64_in_json": base64_in_json, "layers_base64_in_url": base64_in_url,
    "csv_row": csv_row, "python_repr": python_repr,
}  # fmt: skip
_ALONE: dict[str, Written] = {
    "quoted_printable_mail": quoted_printable_mail, "base64_lines": base64_lines, "form_data": form_data,
}  # fmt: skip

CLASSES: dict[str, Callable[[Random], Sample]] = {
    **{name: in_context("card", written) for name, written in _ANYWHERE.items()},
    **{name: as_it_is("card", written) for name, written in _ALONE.items()},
    "json_alone": as_it_is("card", as_json),
    "url_alone": as_it_is("card", partial(url)),
}
