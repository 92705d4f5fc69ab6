"""django-helpdesk with its own defaults, in the schema `helpdesk` of the database that is measured.

Run by the Python of .run/bench/helpdesk: `desk.py migrate` makes its tables, `desk.py fill` copies the tickets
into them, and granian serves `desk:application`.
"""

import os
import sys
from urllib.parse import unquote, urlsplit

from django.conf import settings

_ADDRESS = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="urls",
    SITE_ID=1,
    USE_TZ=True,
    STATIC_URL="/static/",
    MEDIA_ROOT="/nonexistent",
    LOGIN_URL="/login/",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
    # As its documentation has it for a desk without teams.
    HELPDESK_TEAMS_MODE_ENABLED=False,
    HELPDESK_TEAMS_MODEL="auth.User",
    HELPDESK_TEAMS_MIGRATION_DEPENDENCIES=[],
    HELPDESK_KBITEM_TEAM_GETTER=lambda _item: None,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.sites",
        "django.contrib.admin",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "django.contrib.humanize",
        "rest_framework",
        "helpdesk",
        "django_cleanup.apps.CleanupConfig",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
            },
        }
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _ADDRESS.path.lstrip("/"),
            "USER": "helpdesk",
            "HOST": unquote(_ADDRESS.hostname or ""),
            "CONN_MAX_AGE": None,
            "OPTIONS": {"options": "-c search_path=helpdesk"},
        }
    },
)

from django.core.wsgi import get_wsgi_application  # noqa: E402  # after the settings

application = get_wsgi_application()

#: Tickets, and as follow-ups their events with what was said.
_FILL = (
    """
    INSERT INTO auth_user (id, username, email, password, first_name, last_name, is_staff, is_superuser, is_active,
        date_joined)
    SELECT id, email, email, %s, left(name, 150), '', true, is_superuser, is_active, date_joined
    FROM public.accounts_user
    """,
    """
    INSERT INTO helpdesk_ticket (id, title, queue_id, created, modified, submitter_email, assigned_to_id, status,
        on_hold, description, resolution, priority, due_date, secret_key)
    SELECT t.id, t.subject, t.team_id, t.created_at, t.updated_at, customer.email, t.owner_id,
        CASE WHEN t.state IN ('closed', 'cancelled') THEN 4 WHEN t.state = 'resolved' THEN 3 ELSE 1 END,
        false, t.description, t.answer_to_customer, t.priority, t.next_due_at, 'of a bench'
    FROM public.escalations_ticket AS t JOIN public.escalations_customer AS customer ON customer.id = t.customer_id
    """,
    """
    INSERT INTO helpdesk_followup (ticket_id, date, title, comment, public, user_id)
    SELECT e.subject_id, e.at, e.kind, COALESCE(said.body, ''), said.kind = 'to_customer' IS TRUE, e.actor_id
    FROM public.events_event AS e
    LEFT JOIN public.escalations_message AS said ON said.id = (e.data->>'message')::bigint
    WHERE e.subject_type = 'ticket'
    """,
)


def fill() -> None:
    """Copy people, teams, tickets and events."""
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User
    from django.db import connection, transaction
    from helpdesk.models import Queue, UserSettings

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("TRUNCATE auth_user, helpdesk_queue, helpdesk_ticket, helpdesk_followup CASCADE")
        cursor.execute("SELECT id, name FROM public.accounts_team WHERE kind = 'l2' ORDER BY id")
        for team, name in cursor.fetchall():
            Queue.objects.create(id=team, title=name, slug=f"queue-{team}", allow_public_submission=True)
        for number, statement in enumerate(_FILL):
            cursor.execute(statement, [make_password(os.environ["BENCH_PASSWORD"])] if number == 0 else None)
        UserSettings.objects.bulk_create(UserSettings(user=user) for user in User.objects.all())
        for table in ("auth_user", "helpdesk_queue", "helpdesk_ticket"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    from django.core.management import call_command

    if sys.argv[1] == "fill":
        fill()
    else:
        call_command(sys.argv[1], verbosity=0)
