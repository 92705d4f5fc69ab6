"""Seal every review's key by the first key of COMPLIANCE_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance import sealing


class Command(BaseCommand):
    help = (
        "Seal the keys of all compliance reviews by the first key of COMPLIANCE_KEYS. May be stopped and run "
        "again; when it is done, the other keys may be taken off the ring."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        total, done = sealing.left_to_rotate(), 0
        try:
            while batch := sealing.rotate():
                done += batch
                self.stdout.write(f"{done} of {max(total, done)} cases")
        except sealing.Unreadable as error:
            raise CommandError(
                f"The key of a case does not open: is the key that it names still on the ring? {done} were done."
            ) from error
        self.stdout.write(f"All cases are sealed by the key {sealing.current()!r}; the others may go.")
