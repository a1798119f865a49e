"""Disputes: where they stand in any order of events, what they cost, their deadlines, and the evidence."""

import hashlib
import io
import itertools
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from apps.brands.models import StaffScope
from apps.core import clock
from apps.integrations import exchange_log
from apps.integrations.models import Integration
from apps.payments import tasks
from apps.payments.adapters.adyen.wire import DISPUTE_PLACES, MEANINGS
from apps.payments.evidence import csv_file, register_section, sections
from apps.payments.models import Deposit, EvidenceDownload, EvidencePack, PaymentStep
from apps.payments.operations.contract_versions import add_contract_version
from apps.payments.operations.dispute_answers import (
    DisputeNotAnswerable,
    DisputeNotOpen,
    answer_dispute,
)
from apps.payments.operations.dispute_deadlines import time_left
from apps.payments.operations.events import EventParked
from apps.payments.operations.evidence_packs import (
    EvidenceNotReady,
    build_pack,
    request_pack,
    take_copy,
    zipped,
)
from apps.payments.plain_pdf import pdf_of
from apps.players.models import Player
from apps.transactions.books import check_books
from apps.transactions.models import AccountKind
from tests.factories.games import LONG_AGO
from tests.payments.play import euro, settled_deposit, shared, tell, wallet


def say(deposit: Deposit, code: str, event_id: str = "", **more: Any) -> None:
    """Tell of a dispute in Adyen's words."""
    stage, status = DISPUTE_PLACES.get(code, ("", ""))
    tell(
        deposit, MEANINGS[code][0], event_id, dispute_reference="D1", dispute_stage=str(stage),
        dispute_status=str(status), word=code, **more,
    )  # fmt: skip


def place(deposit: Deposit) -> tuple[str, str]:
    dispute = deposit.disputes.get()
    return dispute.stage, dispute.status


def officer(player: Player, *codenames: str) -> User:
    user = User.objects.create_user(f"anna{len(codenames)}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    StaffScope.objects.create(user=user, brand=player.brand)
    return user


LADDERS = [
    (("NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK"), ("dispute", "opened"), "5000.00"),
    (("CHARGEBACK", "INFORMATION_SUPPLIED", "CHARGEBACK_REVERSED"), ("dispute", "challenged"), "5080.00"),
    # The money was reinstated for a while, and the dispute lost: its name decides nothing, nor does the money.
    (("CHARGEBACK", "CHARGEBACK_REVERSED", "SECOND_CHARGEBACK"), ("dispute", "lost"), "5000.00"),
    (("CHARGEBACK", "CHARGEBACK_REVERSED", "PREARBITRATION_OPEN"), ("pre_arbitration", "opened"), "5080.00"),
    (("CHARGEBACK", "CHARGEBACK_REVERSED", "PREARBITRATION_WON"), ("pre_arbitration", "won"), "5080.00"),
    (("CHARGEBACK", "DISPUTE_DEFENSE_PERIOD_ENDED", "ISSUER_COMMENTS"), ("dispute", "expired"), "5000.00"),
    (("REQUEST_FOR_INFORMATION", "CHARGEBACK", "NOTIFICATION_OF_FRAUD"), ("dispute", "opened"), "5000.00"),
]


@pytest.mark.parametrize(("codes", "expected", "cash"), LADDERS)
def test_any_order_ends_alike(player: Player, codes: tuple[str, ...], expected: tuple[str, str], cash: str) -> None:
    before = wallet(player)[0]
    assert before == "5000.00"
    for number, order in enumerate(itertools.permutations(codes)):
        deposit, waiting = settled_deposit(player, "80"), [*order, order[0]]
        while waiting:
            code = waiting.pop(0)
            try:
                say(deposit, code, f"{number}-{code}")
            except EventParked:
                waiting.append(code)
        assert place(deposit) == expected, order
        gained = euro(wallet(player)[0]) - euro(before)
        assert gained == euro(cash) - euro("5000"), order
        before = wallet(player)[0]
    assert check_books() == []


def test_each_event_has_its_ledger_line_and_the_fee_comes_once(player: Player, integration: Integration) -> None:
    terms = {
        "merchant_of_record": "We", "defense_days": 10,
        "fees": [{"kind": "chargeback", "currency": "EUR", "fixed": "20"}],
    }  # fmt: skip
    add_contract_version(
        integration_id=integration.pk, terms=terms, valid_from=LONG_AGO, maker=None, checker=None, now=LONG_AGO
    )
    deposit = settled_deposit(player, "80")
    for code in ("CHARGEBACK", "CHARGEBACK_REVERSED", "SECOND_CHARGEBACK"):
        say(deposit, code)
    dispute = deposit.disputes.get()
    assert list(dispute.events.values_list("units", "fee_units")) == [
        (-euro("80").units, euro("20").units), (euro("80").units, 0), (-euro("80").units, 0),
    ]  # fmt: skip
    assert len({each.transaction_id for each in dispute.events.all()} - {None}) == 3
    assert (dispute.fee_units, dispute.debited_units) == (euro("20").units, euro("80").units)
    assert shared(AccountKind.FEE) == "-20.00"
    assert (dispute.contract, dispute.closed_at is not None) == (deposit.contract, True)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        dispute.events.all().delete()


def test_the_earlier_deadline_counts_and_nobody_moves_it_later(player: Player, integration: Integration) -> None:
    add_contract_version(
        integration_id=integration.pk, terms={"merchant_of_record": "We", "defense_days": 10}, valid_from=LONG_AGO,
        maker=None, checker=None, now=LONG_AGO,
    )  # fmt: skip
    deposit = settled_deposit(player, "80")
    say(deposit, "CHARGEBACK", respond_by=clock.now() + timedelta(days=40))
    dispute = deposit.disputes.get()
    assert dispute.respond_by == dispute.opened_at + timedelta(days=10)
    earlier = clock.now() + timedelta(days=4)
    say(deposit, "NOTIFICATION_OF_CHARGEBACK", respond_by=earlier)
    assert deposit.disputes.get().respond_by == earlier


def test_somebody_is_told_once_before_time_runs_out(player: Player) -> None:
    deposit = settled_deposit(player, "80")
    ends = clock.now() + timedelta(days=9)
    say(deposit, "CHARGEBACK", respond_by=ends)
    assert tasks.watch_disputes() == 0
    late = ends - timedelta(days=2)
    with time_machine.travel(late, tick=False):
        assert [tasks.watch_disputes(), tasks.watch_disputes()] == [1, 0]
    assert PaymentStep.objects.filter(name="dispute-runs-out", is_incident=True).count() == 1
    assert time_left(deposit.disputes.get(), now=late) == timedelta(days=2)
    say(deposit, "INFORMATION_SUPPLIED")
    assert time_left(deposit.disputes.get(), now=late) is None


def test_a_pack_holds_what_its_manifest_says_and_copies_are_counted(player: Player) -> None:
    deposit = settled_deposit(player, "80")
    say(deposit, "CHARGEBACK")
    dispute, anna = deposit.disputes.get(), officer(player, "answer_dispute", "download_evidencepack")
    pack = request_pack(dispute_id=dispute.pk, actor=anna, now=clock.now())
    assert request_pack(dispute_id=dispute.pk, actor=anna, now=clock.now()).pk == pack.pk
    with pytest.raises(EvidenceNotReady):
        take_copy(pack_id=pack.pk, actor=anna, remote_address="", now=clock.now())
    assert exchange_log.flush()
    tasks.build_evidence_pack(pack_id=pack.pk)
    built = EvidencePack.objects.get(pk=pack.pk)
    assert (built.state, built.progress) == ("ready", 100)
    _, content = take_copy(pack_id=pack.pk, actor=anna, remote_address="203.0.113.9", now=clock.now())
    assert hashlib.sha256(content).hexdigest() == built.sha256
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        manifest = json.loads(archive.read("manifest.json"))["sha256"]
        assert manifest == {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if name != "manifest.json"
        }
        assert {"summary.json", "statement.pdf", "ledger.csv", "sessions.csv", "payment-steps.csv"} <= set(manifest)
        assert any(name.startswith("exchanges/") for name in manifest)
        assert b"-80.00" in archive.read("ledger.csv")
        assert archive.read("statement.pdf").startswith(b"%PDF-1.4")
        assert json.loads(archive.read("summary.json"))["dispute"]["reference"] == "D1"
    log = EvidenceDownload.objects.get()
    assert (log.actor, log.sha256, log.remote_address) == (anna, built.sha256, "203.0.113.9")


def test_who_may_not_gets_no_pack(player: Player) -> None:
    deposit = settled_deposit(player, "80")
    say(deposit, "CHARGEBACK")
    anna = officer(player, "answer_dispute")
    pack = request_pack(dispute_id=deposit.disputes.get().pk, actor=anna, now=clock.now())
    build_pack(pack_id=pack.pk, now=clock.now())
    with pytest.raises(PermissionDenied):
        take_copy(pack_id=pack.pk, actor=anna, remote_address="", now=clock.now())
    assert not EvidenceDownload.objects.exists()


@pytest.fixture
def scan(tmp_path: Path) -> Iterator[Path]:
    """Where a section of packs takes a scanned letter from; nobody has put one there yet."""
    path = tmp_path / "letter.pdf"
    register_section("letter", lambda _dispute, _now: [("letter.pdf", path.read_bytes())])
    yield path
    register_section("letter", lambda _dispute, _now: ())  # a name given again replaces the section


def test_a_pack_whose_building_failed_says_so_and_another_can_be_asked_for(player: Player, scan: Path) -> None:
    deposit = settled_deposit(player, "80")
    say(deposit, "CHARGEBACK")
    anna = officer(player, "answer_dispute")
    pack = request_pack(dispute_id=deposit.disputes.get().pk, actor=anna, now=clock.now())
    with pytest.raises(FileNotFoundError):
        build_pack(pack_id=pack.pk, now=clock.now())
    failed = EvidencePack.objects.get(pk=pack.pk)
    assert (failed.state, failed.section, failed.content) == ("failed", "letter", None)
    assert failed.error.startswith("FileNotFoundError: [Errno 2] No such file or directory")
    scan.write_bytes(b"%PDF-1.4 a letter")
    again = request_pack(dispute_id=deposit.disputes.get().pk, actor=anna, now=clock.now())
    assert build_pack(pack_id=again.pk, now=clock.now()).state == "ready"
    assert "letter.pdf" in EvidencePack.objects.get(pk=again.pk).manifest


def test_the_same_files_make_the_same_pack() -> None:
    files = {"b.csv": csv_file(("a",), [("=1+1",), ("-5.00",), ("-cmd",)]), "a.pdf": pdf_of(["Zürich (x)"] * 70)}
    assert zipped(files) == zipped(dict(reversed(files.items())))
    assert files["b.csv"].split() == [b"a", b"'=1+1", b"-5.00", b"'-cmd"]
    assert files["a.pdf"].count(b"/Type /Page ") == 2
    assert b"Z\xfcrich \\(x\\)" in files["a.pdf"]
    assert [name for name, _ in sections()][:5] == ["summary", "statement", "history", "ledger", "sessions"]


def test_a_provider_that_takes_no_answers_is_answered_at_its_portal(player: Player) -> None:
    deposit = settled_deposit(player, "80")
    say(deposit, "CHARGEBACK", respond_by=clock.now() + timedelta(days=1))
    dispute, anna = deposit.disputes.get(), officer(player, "answer_dispute")
    terms: dict[str, Any] = {"dispute_id": dispute.pk, "kind": "accept", "note": "It is true", "actor": anna}
    with pytest.raises(DisputeNotAnswerable):
        answer_dispute(now=clock.now(), **terms)
    with pytest.raises(DisputeNotOpen):
        answer_dispute(now=clock.now() + timedelta(days=2), **terms)
    assert not dispute.answers.exists()
