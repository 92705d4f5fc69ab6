"""Jobs are a way in, too: what is found in what they write is noted."""

from contextlib import ExitStack
from typing import Any

from celery import signals

from incidents import doors, own_numbers
from incidents.finds import Place
from incidents.models import Way

_open: dict[str, ExitStack] = {}


@signals.task_prerun.connect
def _begin(task_id: str, task: Any, **_signal: Any) -> None:
    own_numbers.refresh()
    stack = ExitStack()
    stack.enter_context(doors.opened(Way.JOB, Place(f"job.{task.name}"[:60])))
    _open[task_id] = stack


@signals.task_postrun.connect
def _end(task_id: str, **_signal: Any) -> None:
    if stack := _open.pop(task_id, None):
        stack.close()
