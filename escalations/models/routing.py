"""How a team's waiting escalations find their owner: by being taken, by being given, or both."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from escalations.models.catalogue import Category
from escalations.models.ticket import Priority


class RoutingMode(models.TextChoices):
    """PULL: people take the next one. PUSH: they are given it. BOTH: given, and whoever wants more takes more."""

    PULL = "pull", _("People take the next one")
    PUSH = "push", _("Secondline gives them out")
    BOTH = "both", _("Both")


class RoutingMethod(models.TextChoices):
    ROUND_ROBIN = "round_robin", _("In turn")
    LEAST_LOADED = "least_loaded", _("Fewest points first")
    BY_SKILL = "by_skill", _("Who knows it best first")


PUSHING = (RoutingMode.PUSH, RoutingMode.BOTH)


class TeamRouting(models.Model):
    """How one team's escalations are given out; a team without a row pulls.

    A weight is how many points an escalation of that priority takes of its owner's capacity while they can
    work on it. `capacity` is that of each person who has none of their own.
    """

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="routing")
    mode = models.CharField(_("mode"), max_length=4, choices=RoutingMode, default=RoutingMode.PULL)
    method = models.CharField(
        _("method"), max_length=12, choices=RoutingMethod, default=RoutingMethod.LEAST_LOADED
    )
    gives_new = models.BooleanField(_("give out new ones, before triage"), default=True)
    weight_p1 = models.PositiveSmallIntegerField(_("P1"), default=4)
    weight_p2 = models.PositiveSmallIntegerField(_("P2"), default=3)
    weight_p3 = models.PositiveSmallIntegerField(_("P3"), default=2)
    weight_p4 = models.PositiveSmallIntegerField(_("P4"), default=1)
    capacity = models.PositiveSmallIntegerField(_("capacity"), default=8)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(weight_p1__gt=0, weight_p2__gt=0, weight_p3__gt=0, weight_p4__gt=0),
                name="routing_weights_positive",
            )
        ]

    def __str__(self) -> str:
        return f"{self.team}: {self.get_mode_display()}"

    @property
    def pushes(self) -> bool:
        return self.mode in PUSHING

    @property
    def weights(self) -> dict[int, int]:
        """Points per priority."""
        return {priority: getattr(self, f"weight_p{priority}") for priority in Priority.values}


class RoutedPerson(models.Model):
    """One person's own capacity in a team (None: the team's), and when routing last gave them something."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    capacity = models.PositiveSmallIntegerField(_("capacity"), null=True)
    last_given_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "person"], name="routed_person_once")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.team_id}"


class SkillLevel(models.IntegerChoices):
    KNOWS = 1, _("Knows")
    EXPERT = 2, _("Expert in")


class Skill(models.Model):
    """How well a person knows one category, in whichever team."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="skills")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+")
    level = models.PositiveSmallIntegerField(_("level"), choices=SkillLevel)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "category"], name="skill_once"),
            models.CheckConstraint(condition=Q(level__range=(1, 2)), name="skill_level_range"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.category_id} ({self.level})"
