"""Impact × urgency → priority, by the matrix that admins edit."""

from escalations.models import Level, Priority, PriorityRule


def priority_of(impact: int, urgency: int) -> Priority:
    """Return the matrix's priority; a cell nobody filled gives ITIL's usual one."""
    rule = PriorityRule.objects.filter(impact=impact, urgency=urgency).first()
    return Priority(rule.priority) if rule else usual_priority(impact, urgency)


def usual_priority(impact: int, urgency: int) -> Priority:
    """Return ITIL's usual priority: high × high is P1, each level lower one more, P4 the last."""
    return Priority(min(Level(impact) + Level(urgency) - 1, Priority.P4))
