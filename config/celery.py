"""Celery: the worker and the beat. Only the relay and the beat publish (see docs/architecture.md)."""

import os

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("secondline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["common"], related_name="jobs")


@signals.beat_init.connect
def _mark_the_start(**_: object) -> None:
    """Let /readyz tell a beat that has just started from one that is stuck."""
    from common.jobs import note_beat

    note_beat()


@signals.beat_init.connect
def _ask_for_the_zones(**_: object) -> None:
    """Have the calendars compared with the machine's tz data: an update of it begins with a restart."""
    app.send_task("escalations.tasks.check_zones", expires=3600, retry=False)


@signals.beat_init.connect
def _count_words(**_: object) -> None:
    """Let a desk that was just set up or imported find similar tickets at once."""
    app.send_task("escalations.tasks.count_words", expires=3600, retry=False)
