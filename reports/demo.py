"""The demo's proposals: one that was released and can be measured, one to be decided."""

from datetime import datetime, timedelta

from django.db.models import Count, Q

from accounts.models import Role, Team, TeamKind, User
from common import clock
from knowledgebase.models import IssueStatus, KnownIssue
from reports import days, improvements
from reports.improvements import Draft
from reports.models import Proposal

_AGO = timedelta(weeks=2, days=2)


def lay_out(now: datetime) -> list[Proposal]:
    """Propose something for the known issues with most escalations; nothing where there are none."""
    plain = Count("tickets", filter=Q(tickets__restricted_as=""))
    issues = (
        KnownIssue.objects.annotate(linked=plain).filter(linked__gt=0).select_related("owner").order_by("-linked")
    )
    found = []
    if issue := issues.filter(status=IssueStatus.FIXED).first() or issues.first():
        draft = Draft(
            title=f"Never again: {issue.title}"[:200],
            problem=issue.symptoms,
            suggestion="Try what these escalations show before each release, and say in the error what to do.",
            evidence="The escalations linked to the known issue.",
            known_issue=issue,
        )
        with clock.replaying(now - _AGO - timedelta(days=9)):
            proposal = improvements.propose(draft, by=issue.owner)
        if lead := _lead():
            with clock.replaying(now - _AGO - timedelta(days=7)):
                proposal = improvements.step(proposal, "accept", by=lead, version=proposal.version)
            with clock.replaying(now - _AGO):
                proposal = improvements.step(
                    proposal, "release", by=issue.owner, version=proposal.version, released_on=days.today()
                )
        found.append(proposal)
        if other := issues.exclude(pk=issue.pk).first():
            draft = Draft(
                title=f"Say it in the app: {other.title}"[:200],
                problem=other.symptoms,
                suggestion="Show the state of the payment, and when to expect the next one.",
                known_issue=other,
                partner=Team.objects.filter(name="Product", kind=TeamKind.PARTNER).first(),
            )
            with clock.replaying(now - timedelta(days=2)):
                found.append(improvements.propose(draft, by=other.owner))
    return found


def _lead() -> User | None:
    """Return the demo's sign-in for leads, or any other lead."""
    leads = User.objects.filter(memberships__role=Role.LEAD, is_active=True)
    return leads.filter(email__startswith="lead@").first() or leads.first()
