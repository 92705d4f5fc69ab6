"""Analyse a log file on this machine: what is rare and what went wrong first. Nothing is stored or sent."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError

import redaction
from common import clock
from common.errors import Refused
from common.zones import CalendarError, zone_info
from investigations.logs import signs
from investigations.logs.analysis import NO_TIME, Analysis, analyze
from investigations.logs.layouts import LEVELS
from investigations.logs.reading import members

Write = Callable[[str], object]


class Command(BaseCommand):
    help = (
        "Group the lines of a log (plain, gz or zip; JSON lines, CSV, syslog and others) into templates. "
        "--json writes one JSON object a line: line, template_id, template, level, time; and file, in archives."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true", help="the template of each line, as JSON lines")
        parser.add_argument("--zone", default="UTC", help="of times that name none, such as Europe/Madrid")
        parser.add_argument("--most", type=int, default=40, help="templates in the summary")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            zone = zone_info(options["zone"])
        except CalendarError as error:
            raise CommandError(str(error)) from error
        # Django's wrapper would cost as much as the analysis, a line being a write.
        is_ours = getattr(self.stdout, "_out", None) is sys.stdout
        write: Write = sys.stdout.write if is_ours else self.stdout.write
        try:
            with options["file"].open("rb") as file:
                for member in members(file, options["file"].name):
                    found = analyze(member.lines, zone=zone, now=clock.now(), name=member.name)
                    if options["json"]:
                        _write_lines(found, member.name, write)
                    else:
                        _write_summary(found, member.name, zone, options["most"], write)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror or error}") from error
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal


def _write_lines(found: Analysis, name: str, write: Write) -> None:
    texts = [json.dumps(redaction.clean(template.text), ensure_ascii=False) for template in found.templates]
    file = json.dumps(name, ensure_ascii=False)
    for number, (place, level, instant) in enumerate(
        zip(found.template, found.level, found.instant, strict=True), 1
    ):
        time = "null" if instant == NO_TIME else f"{instant / 1000:.3f}"
        write(
            f'{{"file": {file}, "line": {number}, "template_id": {place + 1}, "template": {texts[place]}, '
            f'"level": "{LEVELS[level]}", "time": {time}}}\n'
        )


def _write_summary(found: Analysis, name: str, zone: ZoneInfo, most: int, write: Write) -> None:
    times = [instant for instant in found.instant if instant != NO_TIME]
    span = f", {_time(min(times), zone)} – {_time(max(times), zone)}" if times else ""
    write(f"{name}: {len(found)} lines, {len(found.templates)} templates ({found.layout}){span}\n\n")
    for template in found.templates[:most]:
        level = LEVELS[min(filter(None, template.levels), default=0)]
        write(f"{template.count:>9} {level:<8} {redaction.clean(template.text)[:200]}\n")
        for sign in template.signs:
            write(f"{'':>19}{signs.sentence(sign.kind, sign.code)}\n")
    if len(found.templates) > most:
        write(f"… and {len(found.templates) - most} more\n")


def _time(instant: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(instant / 1000, zone).isoformat(sep=" ", timespec="seconds")
