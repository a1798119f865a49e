"""Evidence of a case, and what its page reads: files, exports, the timeline, people and sums."""

import io
import json
import zipfile
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from apps.compliance.cases import claims, waiting
from apps.compliance.cases.steps import CaseUnknown, UnableToDoThat
from apps.compliance.evidence import (
    EvidenceDamaged,
    EvidenceRefused,
    add_file,
    content_of,
    path_of,
    pin_transaction,
)
from apps.compliance.export import export_case
from apps.compliance.linked_people import collect_traces, linked_people
from apps.compliance.models import Case
from apps.compliance.money_picture import follow_money, money_picture
from apps.compliance.timeline import timeline
from apps.integrations.outbox import record_fact
from apps.players.caller import Caller
from apps.players.models import Player
from apps.players.operations.sessions import open_session
from apps.transactions.models import Transaction
from tests.compliance.held_case import case, mlro, player
from tests.factories.cases import NOW, after, colleague
from tests.factories.games import make_player

__all__ = ["case", "mlro", "player"]


# Evidence


@pytest.fixture
def _evidence(settings: Any, tmp_path: Any) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"


def keep(case: Case, actor: User, content: bytes = b"payslip", **changes: Any) -> Any:
    terms: dict[str, Any] = {"name": "pay.pdf", "content_type": "application/pdf", "title": "Payslip", **changes}
    return add_file(case_id=case.pk, chunks=[content], actor=actor, now=NOW, **terms)


@pytest.mark.usefixtures("_evidence")
def test_a_file_is_kept_by_its_hash_and_superseded_but_never_replaced(case: Case, mlro: User) -> None:
    first = keep(case, mlro)
    assert path_of(first.sha256).stat().st_mode & 0o777 == 0o600
    second = keep(case, mlro, b"better payslip", supersedes_id=first.pk)
    assert (content_of(first), content_of(second)) == (b"payslip", b"better payslip")
    with pytest.raises(UnableToDoThat):
        keep(case, mlro, b"another", supersedes_id=first.pk)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        type(first).objects.update(title="Something else")


@pytest.mark.usefixtures("_evidence")
def test_a_file_that_was_altered_is_not_given_out(case: Case, mlro: User) -> None:
    piece = keep(case, mlro)
    path_of(piece.sha256).write_bytes(b"forged")
    with pytest.raises(EvidenceDamaged, match="altered"):
        content_of(piece)
    path_of(piece.sha256).unlink()
    with pytest.raises(EvidenceDamaged, match="missing"):
        content_of(piece)


@pytest.mark.usefixtures("_evidence")
def test_what_a_browser_would_run_is_not_kept(case: Case, mlro: User) -> None:
    for content_type, content in (("text/html", b"<script>"), ("image/svg+xml", b"<svg/>"), ("application/pdf", b"")):
        with pytest.raises(EvidenceRefused):
            keep(case, mlro, content, content_type=content_type)
    assert not case.evidence.exists()


def test_a_transaction_is_pinned_once_and_only_the_players_own(case: Case, mlro: User) -> None:
    own = Transaction.objects.get(player_id=case.player_id)
    piece = pin_transaction(case_id=case.pk, transaction_id=own.pk, actor=mlro, now=NOW)
    assert piece.content
    assert piece.content["transfers"][0]["amount"] == 100_000_000
    with pytest.raises(UnableToDoThat, match="already"):
        pin_transaction(case_id=case.pk, transaction_id=own.pk, actor=mlro, now=NOW)
    make_player("bo", cash="5")
    foreign = Transaction.objects.exclude(player_id=case.player_id).get()
    with pytest.raises(UnableToDoThat, match="no transaction of this player"):
        pin_transaction(case_id=case.pk, transaction_id=foreign.pk, actor=mlro, now=NOW)


@pytest.mark.usefixtures("_evidence")
def test_an_export_carries_a_manifest_of_hashes(case: Case, mlro: User) -> None:
    import hashlib  # noqa: PLC0415 - only here

    keep(case, mlro)
    name, packed = export_case(case_id=case.pk, purpose="Regulator asks", actor=mlro, now=NOW)
    archive = zipfile.ZipFile(io.BytesIO(packed))
    manifest = json.loads(archive.read("manifest.json"))
    assert name == f"{case.reference}.zip"
    assert set(archive.namelist()) == {*manifest["files"], "manifest.json"}
    for part, facts in manifest["files"].items():
        assert hashlib.sha256(archive.read(part)).hexdigest() == facts["sha256"], part
    assert any(part.startswith("evidence/") for part in manifest["files"])
    assert case.events.filter(kind="exported", text="Regulator asks").exists()


# What the page reads


def test_the_timeline_is_paged_without_gaps_or_doubles(case: Case, mlro: User) -> None:
    for number in range(90):
        waiting.add_note(case_id=case.pk, text=f"note {number}", actor=mlro, now=after(minutes=number))
    follow_money()
    seen: list[tuple[str, str]] = []
    cursor = ""
    while True:
        page = timeline(case.player_id, user=mlro, before=cursor)
        seen += [(entry.source, entry.ref) for entry in page.entries]
        cursor = page.older
        if not cursor:
            break
    assert len(seen) == len(set(seen)) >= 92
    assert timeline(case.player_id, user=mlro, before="nonsense").entries[0].ref == seen[0][1]


def test_the_timeline_tells_nobody_of_cases_they_may_not_see(case: Case) -> None:
    rg = colleague("rg_officer", brand=case.brand)
    assert not [entry for entry in timeline(case.player_id, user=rg).entries if entry.source == "cases"]


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("mlro", {"monitoring.aml_risk.changed", "monitoring.harm_risk.changed", "verification.hit.found"}),
        ("rg_officer", {"monitoring.harm_risk.changed"}),
        ("payments", set()),
    ],
)
def test_the_timeline_tells_of_risk_and_lists_to_those_only_who_may_know(
    role: str, told: set[str], case: Case, mlro: User
) -> None:
    rose = {"from": 1, "to": 4}
    hit = {"is_sanction": True, "topic": "sanction", "score": 0.9, "cleared": False, "corroboration": 1}
    facts: dict[str, dict[str, Any]] = {
        "monitoring.aml_risk.changed": rose, "monitoring.harm_risk.changed": rose, "verification.hit.found": hit,
    }  # fmt: skip
    for kind, data in facts.items():
        record_fact(kind=kind, brand_code=case.brand.code, player_id=case.player_id, data=data, now=NOW)
    reader = mlro if role == "mlro" else colleague(role, brand=case.brand)
    titles = {entry.title for entry in timeline(case.player_id, user=reader).entries if entry.source == "facts"}
    shown = {"monitoring.aml_risk.changed": "Monitoring aml risk changed",
             "monitoring.harm_risk.changed": "Monitoring harm risk changed",
             "verification.hit.found": "Verification hit found"}  # fmt: skip
    assert {kind for kind, title in shown.items() if title in titles} == told


def test_people_are_linked_by_what_they_share_unless_a_crowd_does(player: Player) -> None:
    def seen(of: Player, address: str, device: str) -> None:
        open_session(player=of, caller=Caller(address, device=device), now=NOW)

    twin = make_player("twin")
    crowd = [make_player(f"guest{number}") for number in range(21)]
    seen(player, "203.0.113.7", "device-one-and-only")
    seen(twin, "198.51.100.9", "device-one-and-only")
    for each in [player, *crowd]:
        seen(each, "192.0.2.1", "")
    collect_traces(since=after(hours=-1))
    collect_traces(since=after(hours=-1))  # twice changes nothing
    linked = linked_people(player.pk, queues=["aml"], brands=None, masked=True)
    assert [(each.player_id, each.username, each.strength) for each in linked] == [(twin.pk, "t•••", 4)]
    assert linked[0].shared[0]["times"] == 1


@pytest.mark.django_db(transaction=True)
def test_sums_of_money_equal_the_ledger() -> None:
    player = make_player(cash="100")
    other = make_player("bo", cash="7")
    assert follow_money() == 2
    assert follow_money() == 0
    today = Transaction.objects.filter(player_id=player.pk).values_list("created_at", flat=True)[0].date()
    picture = money_picture(player.pk, today=today)
    assert [row["currency"] for row in picture.rows] == ["EUR"]
    assert money_picture(other.pk, today=today).rows[0]["lines"][0]["paid_in"] == "0.00 EUR"  # test money is no deposit


def test_a_case_id_that_is_none_is_unknown(mlro: User) -> None:
    with pytest.raises(CaseUnknown):
        claims.claim_case(case_id=10**12, actor=mlro, now=NOW)
    with pytest.raises(CaseUnknown):
        pin_transaction(case_id=10**12, transaction_id=UUID(int=1), actor=mlro, now=NOW)
