"""Rows of the endpoint matrix: the audit trail and compliance reviews. See tests/matrix.py for how."""

from tests.matrix import page, post_only
from tests.matrix_arguments import review

AUDIT = {
    "audit_trail": page("auditor admin"),
    "audit_entry": page("auditor admin", to=lambda scenario: {"number": scenario.audit_entry}),
    "audit_csv": page("auditor admin"),
    "audit_jsonl": page("auditor admin"),
    "check_audit": post_only(),
}

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
