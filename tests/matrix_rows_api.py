"""Rows of the endpoint matrix: the API and the admin site. See tests/matrix.py for how."""

from tests.matrix import ESCALATORS, NUMBERS, READERS, api, page, public
from tests.matrix_arguments import (
    api_bulk_action,
    article,
    category,
    known_issue,
    ticket,
    trend,
)

API = {
    "api-search": api(query="?q=payment"),
    "api-ticket-list": api(),
    "api-ticket-detail": api(READERS, to=ticket),
    "api-ticket-transitions": api(READERS, to=ticket),
    "api-ticket-comments": api(READERS, to=ticket),
    "api-ticket-tags": api(gives=405, others=405, to=ticket),
    "api-ticket-restrict": api(gives=405, others=405, to=ticket),
    "api-ticket-unrestrict": api(gives=405, others=405, to=ticket),
    "api-ticket-access": api("", to=ticket),  # nothing restricts it
    "api-ticket-access-entry": api(gives=405, others=405, to=lambda scenario: {**ticket(scenario), "entry": 1}),
    "api-bulk-action-list": api(),
    "api-bulk-action-detail": api("l2 auditor admin", to=api_bulk_action),
    "api-bulk-action-results": api("l2 auditor admin", to=api_bulk_action),
    "api-bulk-action-stop": api(gives=405, others=405, to=api_bulk_action),
    "api-bulk-action-undo": api(gives=405, others=405, to=api_bulk_action),
    "api-view-list": api(),
    "api-view-detail": api("l2", to=lambda scenario: {"pk": scenario.saved_view.pk}),
    "api-customer-list": api(),
    "api-customer-detail": api(
        f"{ESCALATORS} partner auditor admin", to=lambda scenario: {"pk": scenario.ticket.customer_id}
    ),
    "api-category-list": api(),
    "api-category-detail": api(to=category),
    "api-article-list": api(),
    "api-article-search": api(query="?q=known"),
    "api-article-detail": api(to=article),
    "api-known-issue-list": api(),
    "api-known-issue-detail": api(to=known_issue),
    "api-roster-list": api(NUMBERS),
    "api-metrics-list": api(NUMBERS, query="?measure=created"),
    "api-trend-list": api(NUMBERS),
    "api-trend-detail": api(NUMBERS, to=trend),
    "api-tokens": public(405),
    "api-token-current": api(gives=401),  # a session is no token
    "api-schema": api(),
    "api-docs": page(),
}

ADMIN = {
    "admin:index": page("admin", others=302, anonymous=302),
    "admin:accounts_user_changelist": page("admin", others=302),
    "admin:events_event_changelist": page("admin", others=302),
    "admin:events_delivery_changelist": page("admin", others=302),
}
