"""The lookups that come with Secondline, for a back office that answers as docs/back_office.md says.

Over HTTP they need nothing but BACK_OFFICE_URL. Those in SQL ask the tables of the reference back office, by the
role that only reads of BACK_OFFICE_LOOKUPS_URL; a company's own back office has others.
"""

from datetime import datetime

from accounts import people
from accounts.models import User
from investigations.lookups import definitions, parameters
from investigations.lookups.definitions import Draft
from investigations.models import Lookup, LookupKind, LookupSource

_ACCOUNT = "account: reference = customer"
_AROUND = "since: time = happened-72h\nuntil: time = happened+72h"
_HTTP = "Back office (HTTP)"
_SQL = "Back office (SQL)"

#: (name, what it answers, path, where the rows are, masks)
_OVER_HTTP = [
    ("Account", "State, level, limit and contact of the account", "/accounts/{account}", "", {"phone": "phone"}),
    (
        "Transactions",
        "All payments of the account, the newest first",
        "/accounts/{account}/transactions",
        "transactions",
        {},
    ),
    ("Deliveries", "Orders with the courier's events", "/accounts/{account}/deliveries", "deliveries", {}),
    ("Points", "Points earned, spent and refunded", "/accounts/{account}/points", "points", {}),
    ("Ban history", "Bans of the account, and when they were lifted", "/accounts/{account}/bans", "bans", {}),
]
#: (name, what it answers, statement, parameters, masks)
_IN_SQL = [
    (
        "Transactions around the time",
        "Payments of the account in the three days before and after it happened",
        """SELECT reference, at, kind, state, amount / 100.0 AS amount, currency, counterparty
FROM back_office_transaction
WHERE account_id = :account AND at BETWEEN :since AND :until
ORDER BY at DESC""",
        f"{_ACCOUNT}\n{_AROUND}",
        {},
    ),
    (
        "Transaction by reference",
        "One payment, whose account it is, and whether its reversal was asked for",
        """SELECT reference, account_id AS account, at, kind, state, amount / 100.0 AS amount, currency,
       counterparty, reversal_requested_at
FROM back_office_transaction
WHERE reference = :reference""",
        "reference: reference = transaction",
        {},
    ),
    (
        "Account and phone changes",
        "The account with each change of its phone number",
        """SELECT a.reference, a.status, a.opened, a.kyc_level, c.at AS changed_at, c.before, c.after
FROM back_office_account a
LEFT JOIN back_office_phonechange c ON c.account_id = a.reference
WHERE a.reference = :account
ORDER BY c.at DESC""",
        _ACCOUNT,
        {"before": "phone", "after": "phone"},
    ),
    (
        "Bans with who shares the reason",
        "Bans of the account, and how many other accounts are banned for the same reason now",
        """SELECT b.reference, b.at, b.lifted_at, b.reason,
       (SELECT count(*) FROM back_office_ban o
        WHERE o.reason = b.reason AND o.lifted_at IS NULL AND o.account_id <> b.account_id) AS others
FROM back_office_ban b
WHERE b.account_id = :account
ORDER BY b.at DESC""",
        _ACCOUNT,
        {},
    ),
]


def lay_out(_now: datetime) -> list[Lookup]:
    """Set up both sources and their lookups, as far as they are not there."""
    by = people.system()
    http = _source(_HTTP, LookupKind.HTTP)
    made = [
        _lookup(name, Draft(http, path, description, parameters.parse(_ACCOUNT), masks, rows), by=by)
        for name, description, path, rows, masks in _OVER_HTTP
    ]
    sql = _source(_SQL, LookupKind.POSTGRESQL)
    made += [
        _lookup(name, Draft(sql, statement, description, parameters.parse(lines), masks), by=by)
        for name, description, statement, lines, masks in _IN_SQL
    ]
    return made


def _source(name: str, kind: str) -> LookupSource:
    found = LookupSource.objects.filter(is_back_office=True, kind=kind).first()
    return found or definitions.save_source(
        None,
        name=name,
        kind=kind,
        url="",
        is_back_office=True,
        is_active=True,
        secret="",
        version=0,
        by=people.system(),
    )


def _lookup(name: str, draft: Draft, *, by: User) -> Lookup:
    found = Lookup.objects.filter(name=name).first()
    return found or definitions.save(None, name, draft, why="", by=by).lookup
