"""Every address × every role: what GET answers. A new address without a row in tests/matrix_rows.py fails here."""

import pytest

<<<<<<< HEAD
from tests.matrix import (
    ANONYMOUS,
    LOGIN,
    ROLES,
    Row,
    Scenario,
    addresses,
    answer_of,
    api,
    page,
    post_only,
    public,
)
from tests.matrix_arguments import (
    action,
    action_policy,
    api_action,
    api_bulk_action,
    article,
    attachment,
    baton,
    baton_item,
    bulk_action,
    calendar,
    category,
    check,
    customer,
    dependency,
    exception,
    hand_over,
    hand_over_file,
    hand_over_move,
    incident,
    known_issue,
    log,
    new_action,
    new_ticket,
    partner_team,
    points_account,
    points_transfer,
    policy,
    reapplication,
    resolution_clock,
    resolving,
    returned_ticket,
    review,
    roster_team,
    saved_view,
    simulation,
    stopping_link,
    team_access_review,
    ticket,
    tipping_off_words,
    trend,
)

READERS = "l1 l2 lead partner auditor admin"  # of the ticket
INTERNAL = "l2 lead auditor admin"  # of what L2 keeps to itself
WRITERS = "l2 l2_elsewhere lead admin"  # of articles and known issues
HISTORY = "l2 l2_elsewhere lead auditor admin"
NUMBERS = "l2 l2_elsewhere lead auditor admin"
SIMULATORS = "lead auditor admin"
LEVELS = "lead auditor admin"  # of how service levels are set up
ESCALATORS = "l1 l1_elsewhere l2 l2_elsewhere lead"

CONFIG = {
    "healthz": public(),
    "readyz": public(503),  # no beat runs here
}

ACCOUNTS = {
    "account_login": public(302, anonymous=200),
    "account_logout": page(anonymous=302),
    "account_inactive": public(),
    "account_signup": public(302, anonymous=200),
    "account_reauthenticate": page(),
    "account_change_password": page(),
    "account_set_password": page(gives=302),  # everybody has one
    "account_reset_password": public(),
    "account_reset_password_done": public(),
    "account_reset_password_from_key": public(to=lambda scenario: {"uidb36": "1", "key": "not-a-key"}),
    "account_reset_password_from_key_done": public(),
    "usersessions_list": page(),
    "mfa_index": page(),
    "mfa_authenticate": page(gives=302),  # a step of a sign-in that has begun
    "mfa_reauthenticate": page(gives=302),  # nobody here has one
    "mfa_activate_totp": page(gives=302),  # asks for the password once more
    "mfa_deactivate_totp": page(""),
    "mfa_view_recovery_codes": page(""),
    "mfa_generate_recovery_codes": page(gives=302),
    "mfa_download_recovery_codes": page(""),
    "mfa_list_webauthn": page(gives=302),
    "mfa_add_webauthn": page(gives=302),
    "mfa_reauthenticate_webauthn": page(gives=302),
    "mfa_edit_webauthn": page(gives=302, to=lambda scenario: {"pk": 0}),
    "mfa_remove_webauthn": page(gives=302, to=lambda scenario: {"pk": 0}),
    "mfa_login_webauthn": public(302, anonymous=LOGIN),  # answers scripts only
    "idle": public(),
    "openid_connect_login": public(404, to=lambda scenario: {"provider_id": "oidc"}),  # not configured here
    "openid_connect_callback": public(404, to=lambda scenario: {"provider_id": "oidc"}),
    **{
        f"saml_{name}": public(gives, to=lambda scenario: {"organization_slug": "company"})
        for name, gives in {"acs": 405, "finish_acs": 404, "sls": 404, "metadata": 404, "login": 404}.items()
    },
    "socialaccount_login_cancelled": public(),
    "socialaccount_login_error": public(401),
    "preferences": page(),
    "set_availability": post_only(),
    "set_language": post_only(),
    "access": page("lead auditor admin"),
    "unlock_person": post_only(to=lambda scenario: {"number": scenario.desk.l2.pk}),
    "reset_second_factor": post_only(to=lambda scenario: {"number": scenario.desk.l2.pk}),
    "begin_access_review": post_only(),
    "access_review": page("lead auditor admin", to=team_access_review),
    "sign_off_access_review": post_only(to=team_access_review),
    "roster": page(NUMBERS),
    "roster_week": page(NUMBERS, to=roster_team),
    "edit_roster": page("lead admin", to=roster_team),
    "roster_off": post_only(to=roster_team),
    "roster_extra": post_only(to=roster_team),
    "roster_undo": post_only(to=exception),
}

ACTIONS = {
    "actions": page(NUMBERS),
    "actions_waiting": page(),
    "action": page(INTERNAL, to=action),
    "edit_action": page("l2 lead", auditor=403, admin=403, to=action),
    "request_action": post_only(to=action),
    "approve_action": post_only(to=action),
    "reject_action": post_only(to=action),
    "cancel_action": post_only(to=action),
    "action_evidence": page(INTERNAL, to=lambda scenario: {**action(scenario), "key": "proof"}),
    "new_action": page("l2 lead", to=ticket),
    "new_action_of": page("l2 lead", to=new_action),
    "review_account": page(INTERNAL, to=ticket),
    "delivery_cases": page(INTERNAL, to=ticket),
    "points_ledger": page(NUMBERS),
    "points_account": page(NUMBERS, to=points_account),
    "bring_in_points": post_only(to=points_account),
    "points_transfer": page(NUMBERS, to=points_transfer),
    "action_policies": page(NUMBERS),
    "action_policy": page(NUMBERS, to=action_policy),
    "action_policy_draft": page("lead admin", l2=403, l2_elsewhere=403, auditor=403, to=action_policy),
    "act_on_action_policy": post_only(to=lambda scenario: {**action_policy(scenario), "verb": "propose"}),
    "api-action-list": api(),
    "api-action-detail": api(INTERNAL, to=api_action),
    "api-action-edit": api(gives=405, others=405, to=api_action),
    "api-action-ask": api(gives=405, others=405, to=api_action),
    "api-action-approve": api(gives=405, others=405, to=api_action),
    "api-action-reject": api(gives=405, others=405, to=api_action),
    "api-action-cancel": api(gives=405, others=405, to=api_action),
    "api-action-kind-list": api(),
}

AUDIT = {
    "audit_trail": page("auditor admin"),
    "audit_entry": page("auditor admin", to=lambda scenario: {"number": scenario.audit_entry}),
    "audit_csv": page("auditor admin"),
    "audit_jsonl": page("auditor admin"),
    "check_audit": post_only(),
}

INCIDENTS = {
    "incidents": page("lead auditor admin"),
    "open_incidents": page("lead auditor admin"),
    "incident": page("lead auditor admin", to=incident),
    "sweeps": page("auditor admin"),
    "start_sweep": post_only(),
    "own_numbers": page("auditor admin"),
    "new_own_number": page("admin"),
    "edit_own_number": page("", to=lambda scenario: {"place": 0}),
    "withdraw_own_number": post_only(to=lambda scenario: {"place": 0}),
}

ESCALATIONS = {
    "home": page(gives=302),
    "alerts": page(),
    "read_alerts": post_only(),
    "search": page(query="?q=payment"),
    "search_bar": page(query="?q=payment"),
    "api-search": api(query="?q=payment"),
    "unread_alerts": page(),
    "live": page(gives=204),  # the stream itself is config.asgi's: tests/config/test_live.py
    "queue": page(),
    "saved_views": page(),
    "save_view": post_only(),
    "list_instead": post_only(),
    "view_counts": page(),
    "change_view": post_only(to=saved_view),
    "delete_view": post_only(to=saved_view),
    "restore_view": post_only(to=saved_view),
    "next_in_view": page(READERS, gives=302, to=ticket),
    "previous_in_view": page(READERS, gives=302, to=ticket),
    "suggest_tags": page(),
    "bulk_actions": page(),
    "new_bulk_action": page("l2 l2_elsewhere lead admin", others=403, query="?deed=assign"),
    "bulk_action": page("l2 auditor admin", to=bulk_action),
    "stop_bulk_action": post_only(to=bulk_action),
    "undo_bulk_action": post_only(to=bulk_action),
    "take_next": post_only(),
    "my_escalations": page(),
    "escalate": page(ESCALATORS, others=403),
    "escalate_in": page(ESCALATORS, others=403, to=category),
    "keep_draft": post_only(to=category),
    "discard_draft": post_only(to=category),
    "escalation_hints": post_only(to=category),
    "ticket": page(READERS, to=ticket),
    "ticket_work": page(READERS, to=ticket),
    "ticket_related": page(READERS, to=ticket),
    "ticket_now": page(READERS, to=ticket),
    "who_is_here": post_only(to=ticket),
    "triage": page("l2 lead admin", l1=302, auditor=302, to=new_ticket),
    "resubmit": page("l1", l2=302, lead=302, auditor=302, admin=302, to=returned_ticket),
    "notification_settings": page(),
    "unsubscribe": public(to=stopping_link),
    "merge": page("l2 lead admin", to=ticket, l1=302, partner=302, auditor=302),
    "ticket_act": page("l2 lead admin", l1=302, partner=302, auditor=302, to=resolving),
    "write_message": post_only(to=ticket),
    "keep_message_draft": post_only(to=ticket),
    "preview_message": post_only(to=ticket),
    "quote": page("", to=lambda scenario: {"reference": scenario.ticket.reference, "number": 0}),
    "mentionable": page("", to=ticket),
    "macro_menu": page(READERS, to=ticket),
    "macro_text": page("", to=lambda scenario: {"reference": scenario.ticket.reference, "number": 0}),
    "drafts": page(),
    "discard_message_draft": post_only(to=lambda scenario: {"number": 0}),
    "fetch_back": post_only(to=lambda scenario: {"number": 0}),
    "macro_setup": page("lead auditor admin"),
    "new_macro": page("lead admin"),
    "edit_macro": page("", to=lambda scenario: {"number": 0}),
    "take": post_only(to=ticket),
    "ask_for_routing": post_only(to=ticket),
    "set_owner": post_only(to=ticket),
    "set_team": post_only(to=ticket),
    "set_priority": post_only(to=ticket),
    "change_tags": post_only(to=ticket),
    "link_issue": post_only(to=ticket),
    "use_article": post_only(to=ticket),
    "clocks": page(READERS, to=ticket),
    "custody_csv": page("l1 l2 lead auditor admin", to=ticket),
    "clock_proof": page("l1 l2 lead auditor admin", to=resolution_clock),
    "set_deadline": page("lead admin", l1=403, l2=403, auditor=403, to=resolution_clock),
    "clear_deadline": post_only(to=resolution_clock),
    "diagnosis": page("l2 lead admin", auditor=403, to=ticket),
    "diagnosis_history": page(INTERNAL, to=ticket),
    "attachment": page(INTERNAL, to=attachment),
    "logs": page(INTERNAL, to=ticket),
    "log": page(INTERNAL, to=log),
    "log_lines": page(INTERNAL, to=ticket),
    "log_evidence": post_only(to=ticket),
    "cancel_log": post_only(to=log),
    "set_log_normal": post_only(to=log),
    "link_log_template": post_only(to=log),
    "baton": page(NUMBERS),
    "baton_past": page(INTERNAL, to=baton),
    "hand_overs": page("l2 l2_elsewhere lead partner partner_without auditor admin"),
    "hand_over": page("l2 lead partner auditor admin", to=hand_over),
    "hand_over_file": page("", to=hand_over_file),
    "take_hand_over": post_only(to=hand_over),
    "share_hand_over": post_only(to=hand_over),
    "move_hand_over": post_only(to=hand_over_move),
    "new_hand_over": page("l2 lead admin", to=ticket),
    "cross_post": page("l2 lead admin", to=ticket),
    "take_back_note": post_only(to=hand_over),
    "waits": page("l2 l2_elsewhere lead auditor admin"),
    "nudge": post_only(),
    "depend": post_only(to=ticket),
    "end_dependency": post_only(to=dependency),
    "partner_setup": page("lead auditor admin"),
    "edit_partner": page("lead admin", to=partner_team),
    "edit_partner_form": page("lead admin", to=partner_team),
    "acknowledge_baton": post_only(to=baton_item),
    "restrict": page("l2 lead", l1=403, partner=403, auditor=403, admin=403, to=ticket),
    "ticket_access": page("", to=ticket),  # nothing restricts it
    "add_access": post_only(to=ticket),
    "remove_access": post_only(to=lambda scenario: {**ticket(scenario), "number": 0}),
    "unrestrict": post_only(to=ticket),
    "receipts": page(),
    "custodian": page("admin"),
    "tipping_off": page("auditor"),  # and compliance: tests/escalations/test_tipping_off.py
    "new_tipping_off": page(""),
    "edit_tipping_off": page("", to=tipping_off_words),
    "try_tipping_off": post_only(),
    "release_answer": post_only(),
    "withdraw_release": post_only(to=lambda scenario: {"number": 0}),
    "reapply_ticket": page("lead admin", l1=403, l2=403, partner=403, auditor=403, to=ticket),
    "reapply": page(LEVELS),
    "service_levels": page(LEVELS),
    "own_calendar": page("lead admin", auditor=403),
    "clear_own_calendar": post_only(to=lambda scenario: {"pk": scenario.choice.pk}),
    "new_calendar": page("lead admin", auditor=403),
    "calendar": page(LEVELS, to=calendar),
    "calendar_draft": page("lead admin", auditor=403, to=calendar),
    "calendar_publish": page("lead admin", auditor=403, to=calendar),
    "calendar_act": post_only(to=lambda scenario: {**calendar(scenario), "verb": "discard"}),
    "new_policy": page("lead admin", auditor=403),
    "policy": page(LEVELS, to=policy),
    "policy_draft": page("lead admin", auditor=403, to=policy),
    "policy_publish": page("lead admin", auditor=403, to=policy),
    "policy_act": post_only(to=lambda scenario: {**policy(scenario), "verb": "discard"}),
    "reapplication": page(LEVELS, to=reapplication),
    "start_reapplication": post_only(to=reapplication),
    "ledger_check": page(LEVELS),
    "repair_ledger": post_only(to=check),
    "customer": page(f"{ESCALATORS} partner auditor admin", to=customer),
    "correct_customer": page(ESCALATORS, partner=403, auditor=403, admin=403, to=customer),
    "category_setup": page("admin"),
    "edit_category_form": page("admin", to=category),
    "preview_category_form": post_only(to=category),
    "escalation_paths": page("lead auditor admin"),
    "edit_escalation_path": page("lead admin", to=lambda scenario: {"number": scenario.desk.payments.pk}),
    "routing": page("lead auditor admin"),
    "edit_routing": page("lead admin", to=lambda scenario: {"number": scenario.desk.payments.pk}),
    "rate": public(to=lambda scenario: {"token": scenario.rating_token}),
}

KNOWLEDGEBASE = {
    "article_list": page(),
    "article_new": page(WRITERS, others=403),
    "article_preview": post_only(),
    "article": page(to=article),
    "article_edit": page(WRITERS, others=403, to=article),
    "article_history": page(HISTORY, to=article),
    "article_diff": page(HISTORY, to=article),
    "article_owner": post_only(to=article),
    "article_publish": post_only(to=article),
    "article_archive": post_only(to=article),
    "article_restore": post_only(to=article),
    "known_issue_list": page(),
    "known_issue_new": page(WRITERS, others=403),
    "known_issue": page(to=known_issue),
    "known_issue_edit": page(WRITERS, others=403, to=known_issue),
    "known_issue_status": post_only(to=known_issue),
    "known_issue_owner": post_only(to=known_issue),
}

REPORTS = {
    "dashboard": page(NUMBERS),
    "dashboard_csv": page(NUMBERS, to=lambda scenario: {"table": "flow"}),
    "figure_tickets": page(NUMBERS, query="?measure=created"),
    "forecast": page("lead auditor admin"),
    "trend_list": page(NUMBERS),
    "trend": page(NUMBERS, to=trend),
    "trend_dismiss": post_only(to=trend),
    "simulator": page(SIMULATORS),
    "simulation": page(SIMULATORS, to=simulation),
    "simulation_cancel": post_only(to=simulation),
    "simulation_csv": page(SIMULATORS, to=lambda scenario: {**simulation(scenario), "table": "clocks"}),
}

#: Nobody of the scenario reviews for compliance: tests/compliance/test_wall.py has those who do, and real cases.
COMPLIANCE = {
    "compliance_cases": page(""),
    "compliance_new": page(""),
    "compliance_read": post_only(),
    "compliance_procedures": page(""),
    "compliance_procedure": page("", to=lambda scenario: {"kind": "document_check"}),
    "compliance_case": page("", to=review),
    "compliance_act": post_only(to=lambda scenario: {**review(scenario), "verb": "take"}),
    "compliance_owner": post_only(to=review),
    "compliance_note": post_only(to=review),
    "compliance_indicators": post_only(to=review),
    "compliance_link": post_only(to=review),
    "compliance_unlink": post_only(to=lambda scenario: {**review(scenario), "what": "tickets", "entry": 1}),
    "compliance_checklist": page("", to=review),
    "compliance_add_document": post_only(to=review),
    "compliance_document": page("", to=lambda scenario: {**review(scenario), "entry": 1}),
    "compliance_propose": page("", to=review),
    "compliance_decide": page("", to=review),
    "compliance_request_pack": post_only(to=review),
    "compliance_pack_state": page("", to=review),
    "compliance_pack": page("", to=lambda scenario: {**review(scenario), "entry": 1}),
}

API = {
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
=======
from tests.matrix import ANONYMOUS, LOGIN, ROLES, Scenario, addresses, answer_of
from tests.matrix_rows import MATRIX
>>>>>>> land

# All tests share one scenario, and what a test writes is rolled back.
pytestmark = pytest.mark.django_db


def test_every_address_has_a_row_and_every_row_an_address():
    named = set(addresses())
    rows = {name for name in MATRIX if not name.startswith("admin:")}
    assert named - rows == set(), "add a row for each new address"
    assert rows - named == set(), "remove the rows of addresses that are gone"


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_who_may_read(scenario: Scenario, name: str):
    row = MATRIX[name]
    address = row.address(name, scenario)
    got = {role: answer_of(scenario.clients[role].get(address)) for role in ROLES}
    wrong = {role: f"{got[role]}, not {row.expected[role]}" for role in ROLES if got[role] != row.expected[role]}
    assert not wrong, f"GET {address}"


@pytest.mark.parametrize("name", sorted(name for name, row in MATRIX.items() if not row.is_public))
def test_nobody_writes_without_signing_in(scenario: Scenario, name: str):
    response = scenario.clients[ANONYMOUS].post(MATRIX[name].address(name, scenario))
    assert answer_of(response) in {LOGIN, 302, 401, 403, 405}
