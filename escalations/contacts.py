"""Escalation paths: for each second-line team, the people to climb to, in order."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Role, Team, TeamKind, User
from common.errors import Absent, Refused, StaleVersion
from escalations.models import EscalationContact
from events import recording

SUBJECT = "team"
MOST = 10


def teams_shown_to(user: User) -> QuerySet[Team]:
    """Return the teams whose path the person may read: leads their own, auditors and admins all."""
    teams = Team.objects.filter(kind=TeamKind.L2, is_active=True).order_by("name")
    return teams if user.reads_all else teams.filter(pk__in=user.teams_as(Role.LEAD))


def may_change(user: User, team: Team) -> bool:
    """Tell whether the person sets up the team's path: its leads and admins."""
    return not user.is_auditor and (user.is_superuser or team.pk in user.teams_as(Role.LEAD))


def path_of(team: Team) -> list[User]:
    """Return the people of the team's path, the first to climb to first."""
    path = EscalationContact.objects.filter(team=team).order_by("position").select_related("person")
    return [contact.person for contact in path]


def eligible(team: Team) -> QuerySet[User]:
    """Return who can stand on the team's path: people who see its tickets and act on them."""
    reads = Q(memberships__team=team, memberships__role__in=[Role.L2, Role.LEAD])
    found = User.objects.filter(reads | Q(is_superuser=True), is_active=True, is_robot=False, is_auditor=False)
    return found.distinct().order_by("name", "pk")


@transaction.atomic
def change(team: Team, path: Sequence[User], *, by: User, seen: Sequence[int]) -> None:
    """Make `path` the team's escalation path; `seen` are the ids of the one it was made from.

    Raises Absent, Refused, or StaleVersion (whose `current` is the path as it is) when somebody was quicker.
    """
    locked = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    if not may_change(by, locked):
        raise Absent(_("There is no such team."))
    current = path_of(locked)
    if [person.pk for person in current] != list(seen):
        raise StaleVersion(
            _("Somebody changed this path while you were writing. Nothing was saved."), current=current
        )
    wanted = [person.pk for person in path]
    if len(wanted) > MOST:
        raise Refused(_("A path may have at most %d people.") % MOST)
    if len(set(wanted)) < len(wanted):
        raise Refused(_("The same person stands there twice."))
    if unfit := set(wanted) - set(eligible(locked).values_list("pk", flat=True)):
        person = next(person for person in path if person.pk in unfit)
        raise Refused(_("%s does not see the escalations of this team.") % person)
    if wanted == list(seen):
        return
    EscalationContact.objects.filter(team=locked).delete()
    EscalationContact.objects.bulk_create(
        EscalationContact(team=locked, person=person, position=position) for position, person in enumerate(path, 1)
    )
    recording.record(
        "team.escalation_path_changed",
        subject=(SUBJECT, locked.pk),
        by=by,
        data={"former": list(seen), "people": wanted},
    )
