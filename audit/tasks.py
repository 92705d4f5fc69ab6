"""What the workers do for the trail."""

import logging

from celery import shared_task

from audit import checkpoints, retention, sealing, verifying
from common import clock

logger = logging.getLogger(__name__)


@shared_task(name="audit.tasks.seal")
def seal() -> None:
    """Give what is committed its place in the chain. Safe to repeat, and side by side."""
    sealing.seal()


@shared_task(name="audit.tasks.checkpoint")
def checkpoint() -> None:
    """Sign how far the chain has come."""
    checkpoints.write()


@shared_task(name="audit.tasks.verify")
def verify() -> None:
    """Check the whole trail, keep what came of it, and log an error if it is not whole."""
    started_at = clock.now()
    kept = verifying.keep(verifying.verify(verifying.known()), started_at)
    if kept.problem:
        logger.error("The audit trail is not whole: %s at %s.", kept.problem, kept.bad_number)


@shared_task(name="audit.tasks.forget")
def forget() -> None:
    """Delete what is older than a year, with proof."""
    retention.forget()
