"""The WSGI application that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

import redaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# What is there before the first request stays as long as the process: the collector need not look through it again
# and again, which would take a sixth of a page's time.
get_resolver().url_patterns  # noqa: B018  # imports all views
redaction.clean("4111 1111 1111 1111")  # compiles its patterns, which takes most of a second
gc.collect()
gc.freeze()
