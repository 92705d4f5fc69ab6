"""What runs by itself, and how often. Every task here is idempotent and short.

Times of day are UTC. An entry names the task by its dotted path.
"""

from typing import Any

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, Any]] = {
    "show that the beat, the broker and a worker are alive": {
        "task": "common.jobs.heartbeat",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "forget requests that nobody will repeat": {
        "task": "accounts.tasks.forget_handled_requests",
        "schedule": crontab(minute=20),
    },
    "forget deliveries that were made long ago": {
        "task": "events.tasks.prune",
        "schedule": crontab(hour=3, minute=10),
    },
}
