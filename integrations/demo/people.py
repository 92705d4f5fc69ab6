"""The demo company's people: three first-line teams, four second-line ones, three partners."""

from dataclasses import dataclass, field
from typing import NamedTuple

from django.contrib.auth.hashers import make_password

from accounts.models import Membership, Role, Team, TeamKind, User
from escalations import calendars
from escalations.defaults.service_levels import MANILA_AFTERNOON, MANILA_EVENING
from escalations.models import CalendarVersion

PASSWORD = "secondline-demo-2026"  # noqa: S105 - of the demo accounts only, printed when they are made
DOMAIN = "secondline.test"

#: One account per role, to try the desk with.
SIGN_INS = {
    "L1 agent": f"l1@{DOMAIN}",
    "L2 specialist": f"l2@{DOMAIN}",
    "L2, risk": f"risk@{DOMAIN}",
    "team lead": f"lead@{DOMAIN}",
    "partner": f"partner@{DOMAIN}",
    "compliance": f"compliance@{DOMAIN}",
    "auditor": f"auditor@{DOMAIN}",
    "admin": f"admin@{DOMAIN}",
}

VOICE, CHAT, SPANISH = "Manila Voice", "Manila Chat & Email", "Soporte en español"
PAYMENTS, RISK = "Payments L2", "Accounts & Risk L2"
PLATFORM, CARE = "Platform & Integrations L2", "Customer Care L2"
ENGINEERING, COMPLIANCE, RISK_OPERATIONS = "Payments Engineering", "Compliance", "Risk Operations"

_TEAMS = {
    TeamKind.L1: (VOICE, CHAT, SPANISH),
    TeamKind.L2: (PAYMENTS, RISK, PLATFORM, CARE),
    TeamKind.PARTNER: (ENGINEERING, COMPLIANCE, RISK_OPERATIONS),
}
_HOURS = {PAYMENTS: MANILA_AFTERNOON, CARE: MANILA_AFTERNOON, RISK: MANILA_EVENING, PLATFORM: MANILA_EVENING}


class Person(NamedTuple):
    """`pace`: how long this person takes, 1 is usual."""

    name: str
    account: str
    role: str
    teams: tuple[str, ...]
    language: str = "en"
    pace: float = 1.0


_PEOPLE = [
    Person("Althea Dimaculangan", "l1", Role.L1, (VOICE,)),
    Person("Joaquin Villareal", "joaquin.villareal", Role.L1, (VOICE,)),
    Person("Kristine Abad", "kristine.abad", Role.L1, (VOICE,)),
    Person("Dennis Lacson", "dennis.lacson", Role.L1, (VOICE,)),
    Person("Patricia Ong", "patricia.ong", Role.L1, (CHAT,)),
    Person("Emil Santiago", "emil.santiago", Role.L1, (CHAT,)),
    Person("Rowena Castillo", "rowena.castillo", Role.L1, (CHAT,)),
    Person("Lucía Herrera Paz", "lucia.herrera", Role.L1, (SPANISH,), "es"),
    Person("Tomás Arriaga", "tomas.arriaga", Role.L1, (SPANISH,), "es"),
    Person("Beatriz Navarro Lim", "beatriz.navarro", Role.L1, (SPANISH,), "es"),
    Person("Marco Evangelista", "l2", Role.L2, (PAYMENTS,)),
    Person("Hannah Sy", "hannah.sy", Role.L2, (PAYMENTS,), pace=0.8),
    Person("Rafael Ocampo", "rafael.ocampo", Role.L2, (PAYMENTS,), pace=1.15),
    Person("Inés Calderón", "ines.calderon", Role.L2, (PAYMENTS,), "es", 0.95),
    Person("Gerald Tan", "risk", Role.L2, (RISK,), pace=0.9),
    Person("Maribel Quiambao", "maribel.quiambao", Role.L2, (RISK,)),
    Person("Diego Salcedo", "diego.salcedo", Role.L2, (RISK,), "es", 1.1),
    Person("Anne Villanueva", "anne.villanueva", Role.L2, (RISK,), pace=1.2),
    Person("Paolo Mercado", "paolo.mercado", Role.L2, (PLATFORM,), pace=0.85),
    Person("Sheila Uy", "sheila.uy", Role.L2, (PLATFORM,)),
    Person("Andrés Lozano", "andres.lozano", Role.L2, (PLATFORM,), "es", 1.1),
    Person("Nico Reyes-Tolentino", "nico.reyes", Role.L2, (CARE,)),
    Person("Camille Bautista", "camille.bautista", Role.L2, (CARE,), pace=0.9),
    Person("Sofía Quintero", "sofia.quintero", Role.L2, (CARE,), "es", 1.05),
    Person("Grace Fernandez", "lead", Role.LEAD, (PAYMENTS, PLATFORM, RISK)),
    Person("Victor Almonte", "victor.almonte", Role.LEAD, (RISK, CARE)),
    Person("Ravi Menon", "partner", Role.PARTNER, (ENGINEERING,)),
    Person("Elena Petrova", "elena.petrova", Role.PARTNER, (ENGINEERING,)),
    Person("Cecilia Montemayor", "compliance", Role.PARTNER, (COMPLIANCE,)),
    Person("Oscar Benavides", "oscar.benavides", Role.PARTNER, (RISK_OPERATIONS,), "es"),
    Person("Ignacio Valdez", "ignacio.valdez", Role.PARTNER, (COMPLIANCE,), "es"),
]


@dataclass
class Staff:
    """Everybody, by team; and the hours in which a second-line team works."""

    teams: dict[str, Team] = field(default_factory=dict)
    members: dict[str, list[User]] = field(default_factory=dict)
    leads: dict[str, User] = field(default_factory=dict)
    hours: dict[str, CalendarVersion] = field(default_factory=dict)
    pace: dict[int, float] = field(default_factory=dict)


def hire() -> Staff:
    """Create teams and people, all with the demo password. The catalogue's calendars must be there."""
    staff = Staff()
    for kind, names in _TEAMS.items():
        for name in names:
            reviews = name == COMPLIANCE
            staff.teams[name] = Team.objects.create(name=name, kind=kind, reviews_compliance=reviews)
            staff.members[name] = []
    staff.hours = {name: calendars.current(calendar) for name, calendar in _HOURS.items()}
    secret = make_password(PASSWORD)  # slow on purpose: once for all
    for person in _PEOPLE:
        user = _account(person.name, person.account, secret, language=person.language)
        staff.pace[user.pk] = person.pace
        for name in person.teams:
            Membership.objects.create(user=user, team=staff.teams[name], role=person.role)
            if person.role == Role.LEAD:
                staff.leads[name] = user
            else:
                staff.members[name].append(user)
    _account("Teresa Aguinaldo", "auditor", secret, is_auditor=True)
    _account("Secondline Admin", "admin", secret, is_staff=True, is_superuser=True)
    return staff


def _account(name: str, account: str, secret: str, **columns: object) -> User:
    return User.objects.create(
        name=name, email=f"{account}@{DOMAIN}", password=secret, time_zone="Asia/Manila", **columns
    )
