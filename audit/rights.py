"""What the application's role may do in the database, given by the owner whenever it has migrated.

The role reads and writes rows, and owns nothing. In a table that guards itself against change it may only add.
"""

from typing import Any

from django.conf import settings
from django.db import connections

GUARDED = """
SELECT DISTINCT quote_ident(class.relname)
FROM pg_trigger AS guard
JOIN pg_class AS class ON class.oid = guard.tgrelid
JOIN pg_proc AS called ON called.oid = guard.tgfoid
WHERE called.proname = 'secondline_append_only' AND class.relnamespace = 'public'::regnamespace
    AND guard.tgqual IS NULL AND guard.tgtype & 16 <> 0  -- UPDATE, of whatever row
"""

GRANTS = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
REVOKE EXECUTE ON FUNCTION secondline_audit_forget() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION secondline_audit_forget() TO {role};
"""


def grant_after_migrating(using: str, **_signal: Any) -> None:
    """Give the application's role its rights, if the database knows the role and we are not it.

    Not before the trail is there: whoever migrates to less gives nothing.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user"
            " AND to_regprocedure('secondline_audit_forget()') IS NOT NULL",
            [settings.DATABASE_APP_ROLE],
        )
        if cursor.fetchone() is None:
            return
        role = connection.ops.quote_name(settings.DATABASE_APP_ROLE)
        cursor.execute(GRANTS.format(role=role))
        cursor.execute(GUARDED)
        guarded = ", ".join(table for (table,) in cursor.fetchall())
        cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {guarded} FROM {role}")


def owns_the_trail(using: str = "default") -> bool:
    """Tell whether we are connected as somebody who could take the guards away."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = 'audit_entry'::regclass"
        )
        return bool(cursor.fetchone()[0])
