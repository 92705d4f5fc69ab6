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
    "mark the clocks whose time has run out": {
        "task": "escalations.tasks.mark_breaches",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "take in the mail by which partners answer": {
        "task": "escalations.tasks.take_in_mail",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "take the steps before and after deadlines, and look after what is forgotten": {
        "task": "escalations.tasks.take_steps",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "ask what became of sensitive actions that are not settled": {
        "task": "actions.tasks.reconcile",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "end sensitive actions that were not decided in time": {
        "task": "actions.tasks.expire_overdue",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "end requests that write and were not decided about in time": {
        "task": "investigations.tasks.expire_runs",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "seal what was written to the audit trail": {
        "task": "audit.tasks.seal",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "sign how far the audit trail has come": {
        "task": "audit.tasks.checkpoint",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "check the whole audit trail": {
        "task": "audit.tasks.verify",
        "schedule": crontab(hour=3, minute=40),
    },
    "delete what the audit trail need not keep": {
        "task": "audit.tasks.forget",
        "schedule": crontab(hour=3, minute=25),
    },
    "let availability follow the shifts": {
        "task": "accounts.tasks.follow_rosters",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "send the digests that are due": {
        "task": "escalations.tasks.owe_digests",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "close what was resolved and not answered": {
        "task": "escalations.tasks.close_unanswered",
        "schedule": crontab(minute=5),
    },
    "count how common each word is, also when the beat starts": {
        "task": "escalations.tasks.count_words",
        "schedule": crontab(minute=15),
    },
    "delete files of changes that failed": {
        "task": "escalations.tasks.sweep_files",
        "schedule": crontab(hour=3, minute=30),
    },
    "delete files of logs that are not there": {
        "task": "investigations.tasks.sweep_logs",
        "schedule": crontab(hour=3, minute=35),
    },
    "take up the analysis of a log that was broken off": {
        "task": "investigations.tasks.take_up_logs",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "keep bug reports in step with their trackers": {
        "task": "bugs.tasks.keep_in_step",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget what trackers told long ago": {
        "task": "bugs.tasks.forget_webhooks",
        "schedule": crontab(hour=3, minute=25),
    },
    "ask the endpoints whose re-check is due": {
        "task": "investigations.tasks.run_rechecks",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "delete old drafts of messages": {
        "task": "escalations.tasks.forget_drafts",
        "schedule": crontab(hour=3, minute=20),
    },
    "compare the calendars with the machine's tz data and the known holidays, also when the beat starts": {
        "task": "escalations.tasks.check_zones",
        "schedule": crontab(hour=1, minute=40),
    },
    "give out what waits in teams that push": {
        "task": "escalations.tasks.give_out",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "compare all clocks with their ledgers": {
        "task": "escalations.tasks.check_ledger",
        "schedule": crontab(hour=1, minute=45),
    },
    "switch off accounts that nobody has used for 90 days": {
        "task": "accounts.tasks.disable_unused",
        "schedule": crontab(hour=4, minute=10),
    },
    "remind those who owe an access review": {
        "task": "accounts.tasks.remind_of_reviews",
        "schedule": crontab(hour=6, minute=15),
    },
    "delete sessions that have ended": {
        "task": "accounts.tasks.forget_sessions",
        "schedule": crontab(minute=25),
    },
    "forget requests that nobody will repeat": {
        "task": "accounts.tasks.forget_handled_requests",
        "schedule": crontab(minute=20),
    },
    "forget deliveries that were made long ago": {
        "task": "events.tasks.prune",
        "schedule": crontab(hour=3, minute=10),
    },
    "mark the deadlines of compliance reviews": {
        "task": "compliance.tasks.mark_deadlines",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "look for what rises today": {
        "task": "reports.tasks.detect_trends",
        "schedule": crontab(minute=5),
    },
    "look once more at yesterday, now that it is whole": {
        "task": "reports.tasks.detect_trends_of_yesterday",
        "schedule": crontab(hour=2, minute=35),
    },
    "learn how likely deadlines are missed": {
        "task": "reports.tasks.fit_forecasts",
        "schedule": crontab(hour=2, minute=50),
    },
    "tell how likely each open deadline is missed": {
        "task": "reports.tasks.score_forecasts",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
}
