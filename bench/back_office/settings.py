"""The reference back office's settings: a database, a token, nothing else."""

import os

import environ

SECRET_KEY = "the reference back office signs nothing"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["bench.back_office"]
MIDDLEWARE = ["bench.back_office.views.SignedIn", "bench.back_office.faults.Faults"]
ROOT_URLCONF = "bench.back_office.urls"
TOKEN = os.environ["BACK_OFFICE_TOKEN"]
DATABASES = {"default": environ.Env.db_url_config(os.environ["BACK_OFFICE_DATABASE_URL"])}
DATABASES["default"]["HOST"] = DATABASES["default"]["HOST"].replace("%2F", "/").replace("%2f", "/")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
