"""Words with which an answer would tell a customer of a review, as a desk starts with them.

What they are: the report, what it is about, who looks, what was done to the account, which list they stand on.
FATF Recommendation 21 and section 5318(g)(2) of title 31 of the US Code forbid to tell the customer of the first;
what else is here would let them guess it.
"""

from typing import NamedTuple


class Default(NamedTuple):
    """Words of one kind and what to write instead, in English and Spanish."""

    name: str
    terms: tuple[str, ...]
    instead: str
    instead_es: str


_CHECKING = "We are still working on your request. We will write to you as soon as we know more."
_CHECKING_ES = "Seguimos trabajando en la solicitud. Escribiremos en cuanto sepamos más."
_LIMITED = "Some functions of your account are limited at the moment. We will write as soon as that changes."
_LIMITED_ES = "Algunas funciones de la cuenta están limitadas por el momento. Escribiremos en cuanto eso cambie."

TIPPING_OFF: dict[str, Default] = {
    "reports": Default(
        "Reports of suspicious activity",
        (
            "suspicious activity", "suspicious transaction", "suspicious operation", "unusual operation report",
            "SAR", "actividad sospechosa", "transacción sospechosa", "operación sospechosa", "operación inusual",
            "reporte de operación", "reportado a la autoridad", "reported to the authorities",
        ),
        _CHECKING,
        _CHECKING_ES,
    ),
    "laundering": Default(
        "Money laundering",
        (
            "money laundering", "AML", "AMLC", "terrorist financing", "financing of terrorism",
            "financial intelligence unit", "FIU", "lavado de dinero", "lavado de activos", "blanqueo de capitales",
            "blanqueo de dinero", "PLD", "financiamiento del terrorismo", "financiación del terrorismo",
            "unidad de inteligencia financiera",
        ),
        _CHECKING,
        _CHECKING_ES,
    ),
    "reviews": Default(
        "Reviews and investigations",
        (
            "compliance review", "compliance team", "compliance department", "compliance officer",
            "compliance check", "compliance investigation", "under investigation", "being investigated",
            "internal investigation", "investigating you", "investigating your account",
            "investigation of your account", "investigation into your account", "enhanced due diligence",
            "revisión de cumplimiento", "equipo de cumplimiento", "departamento de cumplimiento",
            "área de cumplimiento", "oficial de cumplimiento", "bajo investigación", "en investigación",
            "siendo investigado", "investigación interna", "investigación de la cuenta",
            "investigación de su cuenta", "debida diligencia reforzada",
        ),
        _CHECKING,
        _CHECKING_ES,
    ),
    "orders": Default(
        "Frozen, seized, or ordered by an authority",
        (
            "account is frozen", "account was frozen", "account has been frozen", "frozen account", "freeze order",
            "frozen by", "funds are frozen", "frozen funds", "asset freeze", "court order", "law enforcement",
            "police request", "ordered by the authorities", "by order of the authorities", "seized by",
            "cuenta congelada", "cuenta está congelada", "cuenta fue congelada", "congelada por",
            "fondos congelados", "congelamiento de fondos", "orden judicial", "orden de la autoridad",
            "por orden de la autoridad", "requerimiento de la autoridad", "fuerzas del orden",
            "bloqueada por la autoridad", "bloqueada por las autoridades",
        ),
        _LIMITED,
        _LIMITED_ES,
    ),
    "lists": Default(
        "Sanctions and watch lists",
        (
            "sanctions list", "sanctions screening", "sanctions match", "OFAC", "watch list", "watchlist",
            "blacklist", "black list", "politically exposed", "lista de sanciones", "lista negra",
            "lista de vigilancia", "listas de personas bloqueadas", "persona bloqueada",
            "persona políticamente expuesta", "persona expuesta políticamente",
        ),
        _CHECKING,
        _CHECKING_ES,
    ),
}  # fmt: skip
