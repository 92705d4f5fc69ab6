"""The particulars of one case: ids, sums, names, dates; and the contract filled in with them."""

import string
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from escalations import contract
from escalations.models import ContractForm, Customer
from integrations.demo.customers import contact, somebody
from integrations.demo.scenarios import Scenario

MANILA = ZoneInfo("Asia/Manila")

#: Currency with the least and the most one pays.
_CURRENCIES = {
    "PH": ("PHP", 150, 38_000), "SG": ("SGD", 8, 2_400), "US": ("USD", 6, 1_900), "AE": ("AED", 20, 6_500),
    "GB": ("GBP", 5, 1_500), "MX": ("MXN", 90, 21_000), "CO": ("COP", 18_000, 2_600_000), "ES": ("EUR", 5, 1_700),
    "PE": ("PEN", 15, 5_200), "CL": ("CLP", 4_000, 980_000),
}  # fmt: skip
_WHOLE = {"CLP", "COP"}
_MERCHANTS = {
    "en": ["Sari-Sari ni Aling Nena", "Kapitolyo Coffee", "Metro Gadget Hub", "Lakbay Travel",
           "Blue Lagoon Resort", "Harbour Books",
           "Pandesal Republic", "Northwind Outdoor", "QuickCart", "MediPlus Pharmacy",
           "Lucky Star Appliances", "GreenGrocer 24", "Tindahan Online", "Skyline Cinemas", "Bayani Motors"],
    "es": ["Abarrotes La Esperanza", "Café Altura", "Librería del Centro", "TecnoPunto", "Farmacia San Rafael",
           "Viajes Horizonte", "Mueblería Roble", "Zapatería Paso Fino", "Ferretería El Tornillo", "MercaFácil",
           "Cines Plaza", "La Huerta en Línea"],
}  # fmt: skip
_BILLERS = {"en": ["Manila Power & Light", "AquaServe Water", "FiberNow", "Metro Gas", "SkyLine Cable"],
            "es": ["Aguas del Norte", "Luz y Fuerza Regional", "Fibra Andina", "Gas del Valle"]}  # fmt: skip
_BETWEEN_PEOPLE = {"Wallet transfers", "Bank transfers", "Remittances"}
_BANKS = [
    "Banco Mabini",
    "First Luzon Bank",
    "Banco del Istmo",
    "Union Maritime Bank",
    "Caja Popular",
    "Banco Andes",
]
_CITIES = {"en": ["Cebu", "Davao", "Hong Kong", "Singapore", "Dubai", "Baguio"],
           "es": ["Guadalajara", "Medellín", "Valencia", "Lima", "Mérida", "Bogotá"]}  # fmt: skip
_DEVICES = [
    "Galaxy A15",
    "Redmi Note 13",
    "iPhone 13",
    "iPhone 15",
    "Pixel 7a",
    "Oppo A78",
    "Moto G54",
    "Vivo Y27",
]
_CAMPAIGNS = {"en": ["Double Points Weekend", "Payday Rewards", "QR Fridays", "Bring a Friend"],
              "es": ["Puntos al doble", "Quincena con premio", "Viernes de QR", "Trae a un amigo"]}  # fmt: skip
_CARRIERS = {"en": ["LBC", "J&T", "DHL"], "es": ["Estafeta", "Servientrega", "DHL"]}
_SITES = ["shop.northwind-outdoor.example", "tienda.cafealtura.example", "harbourbooks.example",
          "metrogadget.example", "farmaciasanrafael.example"]  # fmt: skip
_FALSE_SITES = ["secure-wallet-check.example", "cuenta-verifica.example", "wallet-notice.example"]
_MONTHS_ES = ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
              "noviembre", "diciembre")  # fmt: skip
_ID_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_HEX = "0123456789abcdef"


class Facts(dict[str, str]):
    """What the texts of one case refer to by name."""


def gather(rng: Random, scenario: Scenario, customer: Customer, language: str, at: datetime) -> Facts:
    """Make up the particulars of a case that is escalated at `at`."""
    days = rng.randrange(2, 9) if scenario.aged else rng.choice((0, 0, 0, 1, 1, 2, 3))
    happened = (at - timedelta(days=days, minutes=rng.randrange(20, 600))).astimezone(MANILA)
    currency, least, most = _CURRENCIES[customer.country]
    amount = _amount(rng, least, most, currency)
    product = rng.choice(scenario.products) if scenario.products else ""
    facts = Facts(
        first=contact(rng, customer),
        amount=amount,
        raw_amount=amount.replace(",", ""),
        product=product,
        error=rng.choice(scenario.errors) if scenario.errors else "",
        merchant=_counterparty(rng, product, customer, language),
        bank=rng.choice(_BANKS),
        city=rng.choice(_CITIES[language]),
        device=rng.choice(_DEVICES),
        version=_version(rng, scenario),
        campaign=rng.choice(_CAMPAIGNS[language]),
        carrier=rng.choice(_CARRIERS[language]),
        site=rng.choice(_FALSE_SITES if scenario.category == "security_alert" else _SITES),
        date=_day(happened, language),
        iso_date=happened.date().isoformat(),
        time=f"{happened:%H:%M}",
        days=str(max(2, days)),
        n=str(rng.randrange(3, 60)),
        attempts=str(rng.randrange(2, 6)),
        points=str(rng.randrange(2, 90) * 50),
        reach=str(rng.randrange(4, 900) * 100),
        stars=str(rng.choice((1, 1, 1, 2))),
        old=f"{rng.randrange(10_000):04d}",
        new=f"{rng.randrange(10_000):04d}",
    )
    limit = round(most / rng.randrange(2, 20), -2)
    facts["limit_now"], facts["limit_wanted"] = f"{limit:.0f} {currency}", f"{limit * 2:.0f} {currency}"
    facts["txn"] = _reference(rng, scenario)
    return facts


def _amount(rng: Random, least: int, most: int, currency: str) -> str:
    value = least * (most / least) ** (rng.betavariate(1.6, 2.2))
    if currency in _WHOLE:
        return (
            f"{round(value, -2):,.0f} {currency}" if currency == "CLP" else f"{round(value, -2):,.2f} {currency}"
        )
    return f"{value:,.2f} {currency}" if rng.random() < 0.6 else f"{round(value, -1) + least:,.2f} {currency}"


def _counterparty(rng: Random, product: str, customer: Customer, language: str) -> str:
    if product in _BETWEEN_PEOPLE:
        return somebody(rng, customer.country)
    return rng.choice(_BILLERS[language] if product == "Bill payments" else _MERCHANTS[language])


def _version(rng: Random, scenario: Scenario) -> str:
    if scenario.category == "api_integration":  # the plugins' fault was mended with 4.2.1
        return rng.choice(["4.0.3", "4.1.0", "4.1.2", "4.2.0"])
    return f"5.{rng.randrange(12, 16)}.{rng.randrange(4)}"


def _day(moment: datetime, language: str) -> str:
    if language == "es":
        return f"{moment.day} de {_MONTHS_ES[moment.month - 1]}"
    return f"{moment.day} {moment:%B}"


def _letters(rng: Random, count: int, alphabet: str = _ID_LETTERS) -> str:
    """Return an id's random part; it always has a letter, so that it is never taken for a card."""
    return rng.choice(string.ascii_uppercase[:6]) + "".join(rng.choices(alphabet, k=count - 1))


def _reference(rng: Random, scenario: Scenario) -> str:
    match scenario.category:
        case "api_integration":
            return "req_" + _letters(rng, 18, _HEX).lower()
        case "account_restriction":
            return f"RSK-{rng.randrange(10_000, 99_999)}"
        case "kyc_document" | "phone_change":
            return f"KYC-{_letters(rng, 6)}"
        case "unrecognised_delivery":
            return f"{_letters(rng, 2)}{rng.randrange(10**8, 10**9)}PH"
        case "credit_line":
            return f"CL-{rng.randrange(100, 999)}-{_letters(rng, 5)}"
        case _:
            return f"TXN-{_letters(rng, 8)}"


def fill_in(
    rng: Random, form: ContractForm, scenario: Scenario, facts: Facts, texts: dict[str, Any]
) -> dict[str, Any]:
    """Return the contract's checked answers for this case, as L1 would have given them."""
    raw: dict[str, Any] = {}
    for field in form.fields:
        if not contract.shown(field, raw):
            continue
        if field.get("required") or field["key"] in scenario.answers or field.get("fills") or rng.random() < 0.6:
            value = _answer(rng, field, scenario, facts, texts)
            if value:
                raw[field["key"]] = value
    return contract.clean(form, raw)


def _answer(rng: Random, field: contract.Field, scenario: Scenario, facts: Facts, texts: dict[str, Any]) -> Any:
    key = field["key"]
    if key in scenario.answers:
        return scenario.answers[key]
    match field["type"]:
        case "choice":
            values = [choice["value"] for choice in field["choices"]]
            return facts["product"] if facts["product"] in values else rng.choice(values)
        case "steps":
            steps = rng.sample(texts["steps"], k=min(len(texts["steps"]), rng.randrange(2, 5)))
            return [step.format_map(facts) for step in steps]
        case "request":
            return rng.choice(texts["request"]).format_map(facts)
        case "money":
            return facts[key] if key.startswith("limit") else facts["raw_amount"]
        case "date":
            return facts["iso_date"]
        case "reference":
            return facts["txn"] if field.get("fills") else f"{key[:2].upper()}-{_letters(rng, 7)}"
        case "url":
            return f"https://{facts['site']}/" + ("p/" + _letters(rng, 6).lower() if key == "post" else "")
        case "number":
            return facts.get(key, "")
    return _words(rng, field, facts, texts)


def _words(rng: Random, field: contract.Field, facts: Facts, texts: dict[str, Any]) -> str:
    key = field["key"]
    if key in texts:
        return str(rng.choice(texts[key]))
    known = {
        "error_code": facts["error"] or ("GEN-500" if field.get("required") else ""),
        "counterparty": facts["merchant"],
        "browser": rng.choice(["Chrome 139", "Safari 18", "Edge 139", "Firefox 142"]),
        "old_ends": facts["old"],
        "new_ends": facts["new"],
        "issued_by": rng.choice(["Philippines", "México", "Colombia", "España", "Singapore"]),
        "name_on_document": facts["first"],
        "endpoint": "POST /v2/charges",
        "regulator": "BSP",
        "about": facts["product"] or facts["merchant"],
        "answer": "",
        "product": "",
    }
    return known.get(key) or facts.get(key, "") or ("–" if field.get("required") else "")
