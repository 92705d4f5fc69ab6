"""Secondline's settings: one file, read from the environment.

Every variable and its default stands in docs/configuration.md.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy

from config import environment as env
from config import single_sign_on
from config.schedule import SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
RUN_DIR = BASE_DIR / ".run"

DEBUG = env.read("DEBUG", env.boolean, expected="true or false", default=False)
SECRET_KEY = env.read("SECRET_KEY", str, expected="a long random text, kept secret")
SECRET_KEY_FALLBACKS: list[str] = env.read(
    "SECRET_KEY_FALLBACKS", env.words, expected="earlier secret keys, separated by commas", default=[]
)
ALLOWED_HOSTS = env.read(
    "ALLOWED_HOSTS",
    env.words,
    expected="host names, separated by commas",
    default=["127.0.0.1", "localhost", "[::1]"],
)
SITE_URL = env.read(
    "SITE_URL",
    str,
    expected="the address people open, such as https://desk.example.com",
    default="http://127.0.0.1:8000",
).rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "allauth.usersessions",
    "axes",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "csp",
    "common",
    "events.apps.EventsConfig",
    "audit.apps.AuditConfig",
    "accounts.apps.AccountsConfig",
    "incidents.apps.IncidentsConfig",
    "knowledgebase.apps.KnowledgebaseConfig",
    "points.apps.PointsConfig",
    "escalations.apps.EscalationsConfig",
    "actions.apps.ActionsConfig",
    "compliance.apps.ComplianceConfig",
    "investigations.apps.InvestigationsConfig",
    "bugs.apps.BugsConfig",
    "reports.apps.ReportsConfig",
    "integrations.apps.IntegrationsConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.refusals.Readable",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "audit.watching.Watch",
    "incidents.watching.Doors",
    "accounts.views.idle.SignInMiddleware",
    "accounts.views.idle.IdleMiddleware",
    "accounts.preferences.PreferencesMiddleware",
    "accounts.views.second_factor.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.refusals.Refusals",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
WEB_THREADS = env.read("WEB_THREADS", env.positive, expected="a whole number of threads", default=4)
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"heroicons": "common.templatetags.icons"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
]

# Database. Persistent connections, checked before reuse, so that a restarted
# database costs one reconnect and not an error page.
DATABASES = {
    "default": {
        **env.read(
            "DATABASE_URL",
            env.postgres,
            expected="an address such as postgres://user:password@host:5432/name",
        ),
        "ENGINE": "common.postgres",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # Our statements are short: planning a join of a dozen rows in any order, or compiling it, takes longer
        # than carrying it out. The first joins, which narrow, are still put in the best order.
        "OPTIONS": {"options": "-c join_collapse_limit=4 -c jit=off"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis or Valkey. Celery spells a socket's address its own way.
REDIS_URL = env.read("REDIS_URL", env.redis, expected="an address such as redis://host:6379/0")
CACHES = {
    "default": {
        "BACKEND": "common.cache.LastingCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 2},  # seconds; a page must not wait longer for what it can do without
    },
    # Parts of pages, in each process: to fetch them from elsewhere would cost what making them costs.
    "template_fragments": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
}

# Jobs. A task is acknowledged when it is done, so that a killed worker's task comes
# back; it must therefore be idempotent, and end before the broker hands it out again.
CELERY_BROKER_URL = env.celery_broker(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900, "unacked_restore_throttle": 1}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = str(RUN_DIR / "beat")

# People.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # says no to who is locked, before a password is looked at
    "accounts.sign_in.Backend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.NotOneOfTheLast", "OPTIONS": {"most": 4}},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of before: hashed anew at the next sign-in
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.sign_in.AccountAdapter"
ACCOUNT_FORMS = {"change_password": "accounts.forms.sign_in.ChangePasswordForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # or anybody could make us mail anybody
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Secondline: "
ACCOUNT_RATE_LIMITS = {  # a whole shift signs in from one office address within minutes
    "login": "200/m/ip",
    "login_failed": "60/m/ip",  # how often one person's may fail is counted in the database, below
    "reset_password": "60/m/ip,5/h/key",
    "reset_password_from_key": "60/m/ip",
    "change_password": "5/m/user",
}

# Second factors: accounts/second_factor.py.
MFA_ADAPTER = "accounts.second_factor.Adapter"
MFA_FORMS = {
    "authenticate": "accounts.forms.sign_in.AuthenticateForm",
    "reauthenticate": "accounts.forms.sign_in.ReauthenticateForm",
    "add_webauthn": "accounts.forms.sign_in.AddKeyForm",
    "edit_webauthn": "accounts.forms.sign_in.EditKeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Secondline"
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds: phones are late, and people slow
MFA_REQUIRED_FOR: list[str] = env.read(
    "MFA_REQUIRED_FOR",
    env.roles,
    expected="roles, separated by commas, out of l1, l2, lead, partner, auditor and admin",
    default=[],
)

# Single sign-on, offered where it is configured: accounts/single_sign_on.py.
SOCIALACCOUNT_ADAPTER = "accounts.single_sign_on.Adapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = ""
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": []},
    "saml": {"APPS": []},
}
OIDC_URL = env.read("OIDC_URL", env.https, expected="the address of an OpenID Connect issuer", default="")
OIDC_CLIENT_ID = env.read("OIDC_CLIENT_ID", str, expected="what the issuer knows Secondline by", default="")
OIDC_CLIENT_SECRET = env.read("OIDC_CLIENT_SECRET", str, expected="the secret it gave for that", default="")
OIDC_NAME = env.read("OIDC_NAME", str, expected="what the button says", default="OpenID Connect")
if OIDC_URL:
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] = [
        single_sign_on.oidc(OIDC_NAME, OIDC_URL, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET)
    ]
SAML_SSO_URL = env.read("SAML_SSO_URL", env.https, expected="the identity provider's sign-in address", default="")
SAML_IDP = env.read("SAML_IDP", str, expected="the identity provider's entity ID", default="")
SAML_CERTIFICATE = env.read(
    "SAML_CERTIFICATE", str, expected="the certificate it signs with: PEM, or only its Base64", default=""
)
SAML_NAME = env.read("SAML_NAME", str, expected="what the button says", default="SAML")
if SAML_SSO_URL:
    SOCIALACCOUNT_PROVIDERS["saml"]["APPS"] = [
        single_sign_on.saml(SAML_NAME, SAML_SSO_URL, SAML_IDP, SAML_CERTIFICATE)
    ]

# Guessing. Failures lie in the database, by the address typed: accounts/lockout.py.
AXES_HANDLER = "accounts.lockout.Handler"
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=30)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "accounts.lockout.username"
AXES_CLIENT_IP_CALLABLE = "accounts.lockout.address"
AXES_LOCKOUT_CALLABLE = "accounts.views.locked.locked"
AXES_DISABLE_ACCESS_LOG = True  # who signed in is an event
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
SILENCED_SYSTEM_CHECKS = ["axes.W006"]  # counts by address alone on purpose: ten guesses from ten machines are ten

# Languages and time. Inside everything is UTC; a person's own zone is
# activated per request by accounts.preferences.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# Files. Attachments are private: no URL serves MEDIA_ROOT.
STATIC_URL = "static/"
STATIC_ROOT = env.read("STATIC_ROOT", Path, expected="a folder's path", default=RUN_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = env.read("MEDIA_ROOT", Path, expected="a folder's path", default=RUN_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
ATTACHMENT_MAX_BYTES = (
    1024 * 1024 * env.read("ATTACHMENT_MAX_MB", env.positive, expected="a whole number of megabytes", default=20)
)
UPLOAD_MAX_BYTES = max(
    ATTACHMENT_MAX_BYTES,
    1024 * 1024 * env.read("UPLOAD_MAX_MB", env.positive, expected="a whole number of megabytes", default=50),
)
LOG_MAX_BYTES = (
    1024 * 1024 * env.read("LOG_MAX_MB", env.positive, expected="a whole number of megabytes", default=200)
)
LOGS_OF_TICKET_MAX_BYTES = (
    1024
    * 1024
    * env.read("LOGS_OF_TICKET_MAX_MB", env.positive, expected="a whole number of megabytes", default=2000)
)
# A customer's document lies nowhere in clear, not even while a request lasts; only logs, which are larger, do.
FILE_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_MAX_BYTES
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # of all that is no file
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_HANDLERS = [
    "common.uploads.WithinLimits",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Mail.
vars().update(
    env.read(
        "EMAIL_URL",
        env.email,
        expected="an address such as smtp+tls://user:password@host:587",
        default={
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": str(RUN_DIR / "mail"),
        },
    )
)
EMAIL_TIMEOUT = 20  # seconds; a hanging mail server must not hold a worker
DEFAULT_FROM_EMAIL = env.read(
    "DEFAULT_FROM_EMAIL",
    str,
    expected="a sender such as Support <support@example.com>",
    default="Secondline <secondline@localhost>",
)

MAIL_IN_URL = env.read(
    "MAIL_IN_URL",
    env.mail_in,
    expected="a mailbox such as imaps://user:password@host/INBOX or maildir:///var/mail/secondline",
    default="",
)
MAIL_IN_ADDRESS = env.read(
    "MAIL_IN_ADDRESS", env.mail_address, expected="an address such as handover@example.com", default=""
)

# Logs go to standard error, for whatever runs the process to keep.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "config.logs.RedactingFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["stderr"],
        "level": env.read("LOG_LEVEL", env.log_level, expected="DEBUG, INFO, WARNING or ERROR", default="WARNING"),
    },
    # Django's own handlers would write each line twice, once unredacted.
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": []},
        # Addresses of refused requests may hold signed links.
        "django.request": {"level": "ERROR"},
    },
}

# Browser security. Nothing inline, nothing from elsewhere; scripts carry a nonce.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],  # icons inside stylesheets
        "object-src": [NONE],
        "base-uri": [NONE],
        # A form that leads to a single sign-on is redirected there.
        "form-action": [SELF, *single_sign_on.origins(OIDC_URL, SAML_SSO_URL)],
        "frame-ancestors": [NONE],
    }
}
HTTPS = SITE_URL.startswith("https://")
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # on one's own machine
FILTERS_EMPTY_CHOICE_LABEL = gettext_lazy("Any")
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 15 * 60  # seconds without anybody doing anything
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# By these names a browser takes them from this very host only, and only over HTTPS.
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrftoken"
CSRF_COOKIE_HTTPONLY = True  # our scripts read the page's own
SECURE_SSL_REDIRECT = HTTPS
# Believed only where a proxy of ours sets them: the sender's address and scheme.
ALLAUTH_TRUSTED_PROXY_COUNT = env.read(
    "TRUSTED_PROXIES", env.positive, expected="how many proxies of yours a request passes", default=0
)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]  # probes ask without a certificate
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# API.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.json_input.Input"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_RATES": {"tokens": "10/min"},
    "EXCEPTION_HANDLER": "common.problems.handle",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Secondline",
    "DESCRIPTION": "Escalations, customers, knowledge and metrics. Errors are problem details (RFC 9457).",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ArticleStatus": "knowledgebase.models.article.Status",
        "KnownIssueStatus": "knowledgebase.models.known_issue.IssueStatus",
        "TrendStatus": "reports.models.TrendStatus",
        "TicketState": "escalations.models.ticket.State",
        "TicketPriority": "escalations.models.ticket.Priority",
        "ViewAudience": "escalations.models.saved_view.Audience",
        "ArticleAudience": "knowledgebase.models.article.Audience",
        "LevelEnum": "escalations.models.ticket.Level",
        "KindEnum": "escalations.models.conversation.MessageKind",
        "RestrictionKind": "escalations.models.ticket.RestrictionKind",
        "ActionKind": "actions.models.policy.Kind",
        "ActionState": "actions.models.action.State",
    },
}
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTH_HEADER_PREFIX": "Bearer"}

# Escalations.
CLOSE_AFTER_DAYS = env.read("CLOSE_AFTER_DAYS", env.positive, expected="a whole number of days", default=5)
RATING_LINK_DAYS = env.read("RATING_LINK_DAYS", env.positive, expected="a whole number of days", default=14)

# The audit trail. Each ring's first key is used, the others still verify.
AUDIT_KEYS = env.read(
    "AUDIT_KEYS",
    env.keys,
    expected="names and base64 secrets of 32 bytes, such as 2027:q83v…=,2026:mHQ…=",
    default=env.derived_key(SECRET_KEY, "audit.seal"),
)
AUDIT_SIGNING_KEYS = env.read(
    "AUDIT_SIGNING_KEYS",
    env.keys,
    expected="names and base64 seeds of Ed25519 keys, 32 bytes, such as 2027:q83v…=,2026:mHQ…=",
    default=env.derived_key(SECRET_KEY, "audit.sign"),
)
AUDIT_CHECKPOINT_FILE = env.read(
    "AUDIT_CHECKPOINT_FILE", Path, expected="a file's path", default=RUN_DIR / "audit" / "checkpoints.jsonl"
)
DATABASE_APP_ROLE = env.read(
    "DATABASE_APP_ROLE", str, expected="the name of a role of the database", default="secondline_app"
)

# The company's back office, which carries sensitive actions out: actions/back_office.py.
BACK_OFFICE_URL = env.read(
    "BACK_OFFICE_URL", env.https, expected="the https:// address of the back office's operations", default=""
)
BACK_OFFICE_TOKEN = env.read(
    "BACK_OFFICE_TOKEN", str, expected="the bearer token it knows Secondline by", default=""
)

BACK_OFFICE_LOOKUPS_URL = env.read(
    "BACK_OFFICE_LOOKUPS_URL",
    env.lookups_database,
    expected="postgres:// or mysql:// role:password@host/database, "
    "behind it at most ?tls=verify-full, ?tls=require or ?tls=disable",
    default="",
)

# The issue tracker that a demo brings with it: bugs/setup.py. Others are set up on their page.
TRACKER_URL = env.read("TRACKER_URL", env.https, expected="the https:// address of a tracker's API", default="")
TRACKER_TOKEN = env.read("TRACKER_TOKEN", str, expected="the token it knows Secondline by", default="")
TRACKER_SECRET = env.read("TRACKER_SECRET", str, expected="the secret that signs its webhooks", default="")

# Compliance reviews are encrypted. The ring's first key encrypts, the others still decrypt.
COMPLIANCE_KEYS = env.read(
    "COMPLIANCE_KEYS",
    env.keys,
    expected="names and base64 secrets of 32 bytes, such as 2027:q83v…=,2026:mHQ…=",
    default=env.derived_key(SECRET_KEY, "compliance.seal"),
)

# What people may have Secondline ask of other machines: common/outgoing.py.
OUTGOING_HOSTS: list[str] = env.read(
    "OUTGOING_HOSTS",
    env.hosts,
    expected="hosts with commas between, such as api.example.com,10.0.3.7:9200",
    default=[],
)
SECRETS_KEYS = env.read(
    "SECRETS_KEYS",
    env.keys,
    expected="names and base64 secrets of 32 bytes, such as 2027:q83v…=,2026:mHQ…=",
    default=env.derived_key(SECRET_KEY, "common.sealed"),
)

# Reports. Their days begin at midnight in this zone; change it, then run rebuild_metrics.
DESK_TIME_ZONE = env.read(
    "DESK_TIME_ZONE", env.time_zone, expected="the name of a time zone, such as Asia/Manila", default="UTC"
)
