"""Report packs: what is in one, and that it can't be changed unseen."""

import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from audit.noting import note
from common.errors import Refused
from compliance import pack_check, packs, report
from compliance.models import PackState
from events.models import Event
from tests.audit.test_chain import seal_uncommitted
from tests.compliance.reviewing import Reviewing

pytestmark = pytest.mark.django_db


@pytest.fixture
def taken(reviewing: Reviewing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pack of a decided case that was read, as somebody downloaded it."""
    case = reviewing.decided()
    note("compliance.case_read", by=reviewing.sol, about=("compliance_case", case.pk))
    seal_uncommitted(Entry.objects.filter(object_type="compliance_case").earliest("pk"), monkeypatch)
    pack = reviewing.packed(case)
    assert pack.state == PackState.DONE
    client = Client()
    client.force_login(reviewing.sol)
    answer = client.get(reverse("compliance_pack", args=[case.pk, pack.pk]))
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{case.reference}-{pack.pk}.zip"'
    assert hashlib.sha256(answer.content).hexdigest() == pack.digest
    assert Entry.objects.filter(action="compliance.pack_taken", person_id=reviewing.sol.pk).count() == 1
    file = tmp_path / "pack.zip"
    file.write_bytes(answer.content)
    return file


def test_it_holds_everything_and_checks_out(taken: Path, tmp_path: Path, capsys: Any):
    call_command("verify_report_pack", taken)
    assert "Whole" in capsys.readouterr().out
    with zipfile.ZipFile(taken) as pack:
        pack.extractall(tmp_path / "out")
        facts = json.loads(pack.read("report.json"))
        records = [json.loads(line) for line in pack.read("audit.jsonl").splitlines()]
    assert {"approvals", "timeline", "accesses", "documents", "checklist"} <= facts.keys()
    (approval,) = facts["approvals"]
    assert (approval["proposed_by"], approval["ended_by"]) == ("Rita Reviewer", "Sol Second")
    assert approval["digest"] == facts["content_sha256"], "the content is what was decided about"
    assert [one["who"] for one in facts["accesses"]] == ["Sol Second"]
    assert len(facts["documents"]) == 1 and (tmp_path / "out" / facts["documents"][0]["file"]).exists()
    assert "compliance.decided" in {one["record"]["action"] for one in records}
    assert all(len(one["hash"]) == 64 for one in records)
    if program := shutil.which("sha256sum"):
        subprocess.run([program, "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path / "out", check=True)


def changed(file: Path, **changes: bytes | None) -> Path:
    """Return the pack with files changed, added, or (None) left out."""
    target = file.with_suffix(".changed.zip")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(target, "w") as pack:
        held = {name: source.read(name) for name in source.namelist()} | changes
        for name, what in held.items():
            if what is not None:
                pack.writestr(name, what)
    return target


def test_whatever_is_changed_is_found(taken: Path):
    assert list(pack_check.problems(changed(taken))) == []
    assert list(pack_check.problems(changed(taken, **{"report.html": b"x"}))) == ["report.html was changed."]
    assert list(pack_check.problems(changed(taken, **{"report.html": None}))) == ["report.html is missing."]
    assert list(pack_check.problems(changed(taken, **{"more.txt": b"x"}))) == ["more.txt does not belong to it."]
    with zipfile.ZipFile(taken) as pack:
        sums = pack.read("SHA256SUMS").decode().splitlines()
        record = json.loads(pack.read("audit.jsonl").splitlines()[0])
    forged = [line for line in sums if not line.endswith("report.html")]
    forged.append(f"{hashlib.sha256(b'x').hexdigest()}  report.html")
    both = changed(taken, **{"report.html": b"x", "SHA256SUMS": ("\n".join(forged) + "\n").encode()})
    assert list(pack_check.problems(both)) == ["SHA256SUMS is not what was signed."]
    record["hash"] = "0" * 64
    assert f"Record {record['record']['number']} of the audit trail has another hash here." in list(
        pack_check.problems(changed(taken, **{"audit.jsonl": json.dumps(record).encode()}))
    )
    with pytest.raises(CommandError, match="1 things are wrong"):
        call_command("verify_report_pack", changed(taken, **{"report.html": b"x"}))
    with pytest.raises(CommandError, match="no report pack"):
        call_command("verify_report_pack", Path(__file__))


def test_one_at_a_time_and_what_fails_is_said(reviewing: Reviewing, monkeypatch: pytest.MonkeyPatch):
    case = reviewing.opened()
    pack = packs.request(case, by=reviewing.rita)
    with pytest.raises(Refused, match="being made"):
        packs.request(case, by=reviewing.sol)
    monkeypatch.setattr(report, "build", lambda *_args, **_more: 1 // 0)
    packs.handle(Event.objects.get(kind=packs.REQUESTED))
    pack.refresh_from_db()
    assert pack.state == PackState.FAILED
    packs.request(case, by=reviewing.rita)
