"""Small incident logs for tests, and where the real one is, if it is here."""

import csv
import io
import lzma
from collections.abc import Iterable
from pathlib import Path

REAL_LOG = Path(__file__).parents[3] / "shared" / "data" / "incident_event_log" / "incident_event_log.csv.xz"

COLUMNS = [
    "number", "incident_state", "active", "reassignment_count", "reopen_count", "sys_mod_count", "made_sla",
    "caller_id", "opened_by", "opened_at", "sys_created_by", "sys_created_at", "sys_updated_by", "sys_updated_at",
    "contact_type", "location", "category", "subcategory", "u_symptom", "cmdb_ci", "impact", "urgency", "priority",
    "assignment_group", "assigned_to", "knowledge", "u_priority_confirmation", "notify", "problem_id", "rfc",
    "vendor", "caused_by", "closed_code", "resolved_by", "resolved_at", "closed_at",
]  # fmt: skip

_ROW = dict.fromkeys(COLUMNS, "?") | {
    "number": "INC1", "incident_state": "New", "reassignment_count": "0", "reopen_count": "0",
    "sys_mod_count": "0", "made_sla": "true", "caller_id": "Caller 1", "opened_by": "Opened by  8",
    "opened_at": "1/3/2016 08:00", "sys_updated_by": "Updated by 2", "sys_updated_at": "1/3/2016 08:05",
    "contact_type": "Phone", "category": "Category 5", "subcategory": "Subcategory 7", "impact": "2 - Medium",
    "urgency": "2 - Medium", "priority": "3 - Moderate", "assignment_group": "Group 1", "closed_code": "code 6",
}  # fmt: skip


def row(**changed: str) -> dict[str, str]:
    """A whole row: an incident of 1 March 2016, 08:00, with what is `changed`."""
    return _ROW | changed


def life(number: str = "INC1") -> list[dict[str, str]]:
    """One incident from New to Closed: two groups, two people, a question, reopened once."""
    steps = [
        {"incident_state": "New", "sys_updated_at": "1/3/2016 08:05"},
        {"incident_state": "Active", "sys_updated_at": "1/3/2016 09:00", "assigned_to": "Resolver 1"},
        {"incident_state": "Active", "sys_updated_at": "1/3/2016 10:00", "assignment_group": "Group 2"},
        {"incident_state": "Awaiting User Info", "sys_updated_at": "1/3/2016 11:00"},
        {"incident_state": "Awaiting Vendor", "sys_updated_at": "1/3/2016 15:00"},
        {"incident_state": "Resolved", "sys_updated_at": "2/3/2016 08:00"},
        {"incident_state": "Active", "sys_updated_at": "3/3/2016 08:00", "reopen_count": "1"},
        {"incident_state": "Resolved", "sys_updated_at": "4/3/2016 08:00", "made_sla": "false"},
        {"incident_state": "Closed", "sys_updated_at": "9/3/2016 08:00"},
    ]
    rows, so_far = [], {"number": number}
    for count, step in enumerate(steps):
        so_far |= step
        rows.append(row(**so_far, sys_mod_count=str(count)))
    return rows


def write(path: Path, rows: Iterable[dict[str, str]], columns: Iterable[str] = COLUMNS) -> Path:
    """Write a log, packed where the name ends in .xz."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(lzma.compress(content) if path.suffix == ".xz" else content)
    return path
