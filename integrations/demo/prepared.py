"""What the demo company's leads have prepared for their teams: macros for what comes every day, and views."""

from dataclasses import replace
from urllib.parse import urlencode

from escalations import macro_setup, saved_views
from escalations.macro_setup import Draft
from escalations.models import Audience, MessageKind, Priority, State
from escalations.transitions import Verb
from integrations.demo.people import PAYMENTS, PLATFORM, RISK, Staff

_WORKED_ON = (State.IN_PROGRESS,)

_MACROS: dict[str, list[Draft]] = {
    PAYMENTS: [
        Draft(
            name="Ask for the transaction's number",
            folder="Ask",
            kind=MessageKind.TO_CUSTOMER,
            body_en=(
                "Hello {customer.name},\n\nto find your payment we need the number that the app shows under its"
                " details; it begins with TXN. Please send no card number.\n\n{agent.name}"
            ),
            body_es=(
                "Hola, {customer.name}:\n\nPara encontrar el pago hace falta el número que la aplicación muestra"
                " en sus detalles; empieza con TXN. No envíe números de tarjeta, por favor.\n\n{agent.name}"
            ),
            actions={"owner": True, "verb": Verb.WAIT_CUSTOMER},
            states=_WORKED_ON,
        ),
        Draft(
            name="The amount is on its way back",
            folder="Answer",
            kind=MessageKind.TO_CUSTOMER,
            body_en=(
                "Hello {customer.name},\n\nthe payment did not reach the shop, and its amount is on its way back"
                " to you: within three working days.\n\n{ticket.reference} · {agent.name}"
            ),
            body_es=(
                "Hola, {customer.name}:\n\nEl pago no llegó al comercio y el importe ya va de vuelta: llegará en"
                " un plazo de tres días hábiles.\n\n{ticket.reference} · {agent.name}"
            ),
            actions={"owner": True},
            states=_WORKED_ON,
        ),
        Draft(
            name="Reconciliation looks at it tonight",
            folder="Among us",
            kind=MessageKind.NOTE,
            body_en="Put on tonight's reconciliation list; look again tomorrow after 10:00.",
        ),
    ],
    PLATFORM: [
        Draft(
            name="Ask for request ids",
            folder="Ask",
            kind=MessageKind.TO_L1,
            body_en=(
                "Please ask {customer.name} for two or three request ids with their times and zone, and for the"
                " plugin's version. Without them we can't follow the calls."
            ),
            actions={"verb": Verb.WAIT_L1},
            states=_WORKED_ON,
        )
    ],
    RISK: [
        Draft(
            name="Urgent: somebody else may be in the account",
            folder="Among us",
            kind=MessageKind.NOTE,
            body_en="Signs of an account taken over: sessions ended, phone change held, to be called back.",
            actions={"owner": True, "priority": int(Priority.P1)},
        )
    ],
}

_VIEWS: dict[str, dict[str, dict[str, str | list[str]]]] = {
    PAYMENTS: {
        "Overdue": {"due": "overdue", "order": "due"},
        "QR payments": {"product": "QR payments", "order": "newest"},
    },
    PLATFORM: {"Likely to be missed": {"risk": ["75-100", "50-74"], "order": "risk"}},
}


def prepare(staff: Staff) -> None:
    """Write the macros down and save the views, each by the lead of its team."""
    for name, drafts in _MACROS.items():
        for draft in drafts:
            macro_setup.save(None, replace(draft, teams=(staff.teams[name],)), by=staff.leads[name])
    for name, views in _VIEWS.items():
        team, lead = staff.teams[name], staff.leads[name]
        for title, query in views.items():
            saved_views.save(title, urlencode(query, doseq=True), by=lead, audience=Audience.TEAM, team=team)
