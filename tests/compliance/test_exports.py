"""Everything about one player: complete, without what staff think, built by a task, handed out with a record."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from apps.compliance import holdings as held
from apps.compliance.approvals import request_approval
from apps.compliance.exports import (
    KEPT_FOR,
    ExportNotReady,
    ExportUnknown,
    build_export,
    download,
    request_export,
    sweep_exports,
)
from apps.compliance.holdings import Holding, holdings, register_holding
from apps.compliance.models import DataExport, DataExportDownload, DataExportFile
from apps.core import clock
from apps.core.money import Money
from apps.players.models import Player
from apps.players.operations import change_status
from apps.sandbox.funding import set_balances
from apps.transactions.models import AccountKind
from tests.compliance import desk
from tests.factories.games import make_player
from tests.factories.staff import make_staff

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def player(db: None) -> Player:
    return make_player("astrid", cash="12.5", street="=HYPERLINK(1)")


@pytest.fixture
def officer(player: Player) -> User:
    return make_staff(
        "officer", "compliance.export_player", "compliance.view_dataexport", "players.change_status", desk.MAKE,
        brands=(player.brand,),
    )  # fmt: skip


def asked(player: Player, officer: User, *, now: datetime = NOW) -> DataExport:
    return request_export(player_id=player.pk, purpose="access request 17", actor=officer, now=now)


def opened(export: DataExport) -> dict[str, bytes]:
    content = bytes(DataExportFile.objects.get(export=export).content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_export_holds_every_kind_of_data_with_rows_and_hashes(player: Player, officer: User) -> None:
    export = asked(player, officer)

    assert build_export(export_id=export.pk, now=NOW)

    export = DataExport.objects.get(pk=export.pk)
    files = opened(export)
    assert (export.state, export.parts_done, export.parts) == ("ready", len(holdings()), len(holdings()))
    assert export.sha256 == hashlib.sha256(bytes(DataExportFile.objects.get().content)).hexdigest()
    assert set(files) == {"README.txt", "manifest.json"} | {
        f"{each.name}.{ending}" for each in holdings() for ending in ("json", "csv")
    }
    profile = json.loads(files["profile.json"])
    assert (profile[0]["username"], profile[0]["birth_date"]) == ("astrid", "1990-05-01")
    movements = json.loads(files["transactions.json"])
    assert [(row["kind"], row["cash"], row["currency"]) for row in movements] == [("test_funding", "12.50", "EUR")]
    assert json.loads(files["balances.json"])[0]["cash"] == "12.50"
    for entry in json.loads(files["manifest.json"]):
        assert hashlib.sha256(files[entry["file"]]).hexdigest() == entry["sha256"]
    assert {entry["file"]: entry["rows"] for entry in json.loads(files["manifest.json"])}["transactions.csv"] == 1


def test_a_spreadsheet_finds_no_formula_in_it(player: Player, officer: User) -> None:
    export = asked(player, officer)
    build_export(export_id=export.pk, now=NOW)

    rows = list(csv.DictReader(io.StringIO(opened(export)["profile.csv"].decode())))

    assert rows[0]["street"] == "'=HYPERLINK(1)"


def test_no_export_tells_what_staff_think_or_do_behind_the_wall(player: Player, officer: User) -> None:
    canary = "suspected of laundering"
    change_status(
        player_id=player.pk, to="restricted", restrictions=["withdrawal"], reason_code="aml-review", note=canary,
        actor=officer, now=NOW,
    )  # fmt: skip
    with desk.the_command():
        desk.place()
        request_approval(
            command=desk.NAME, payload=desk.PAYLOAD, maker=officer, reason=canary, now=NOW, subject_player_id=player.pk
        )
        export = asked(player, officer)
        build_export(export_id=export.pk, now=NOW)

    whole = b"".join(opened(export).values())
    assert b"restricted" in whole
    for secret in (canary, "aml", "laundering", "approval", desk.NAME, "officer"):
        assert secret.encode() not in whole.lower(), secret


def test_movements_are_complete_beyond_one_page(player: Player, officer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "_CHUNK", 2)
    for cash in ("13", "14", "15"):
        set_balances(player=player, currency="EUR", targets={AccountKind.CASH: Money.parse(cash, "EUR")}, now=NOW)
    export = asked(player, officer)
    build_export(export_id=export.pk, now=NOW)

    assert len(json.loads(opened(export)["transactions.json"])) == 4


def test_another_worker_leaves_a_running_export_alone_and_takes_over_a_dead_one(player: Player, officer: User) -> None:
    export = asked(player, officer)
    started = DataExport.objects.get(pk=export.pk)
    started.begin(at=NOW, parts=9)
    started.save(update_fields=["state", "begun_at", "parts"])

    assert not build_export(export_id=export.pk, now=NOW + timedelta(minutes=9))
    assert not DataExportFile.objects.exists()
    assert build_export(export_id=export.pk, now=NOW + timedelta(minutes=11))
    assert not build_export(export_id=export.pk, now=NOW + timedelta(minutes=30))
    assert DataExportFile.objects.count() == 1


def test_an_export_that_fails_says_so_and_leaves_no_file(player: Player, officer: User) -> None:
    def broken(person: Player) -> Iterator[dict[str, Any]]:
        if person.pk:
            raise LookupError("canary")
        yield {}

    register_holding(Holding("broken", "Broken", broken))
    try:
        export = asked(player, officer)
        with pytest.raises(LookupError):
            build_export(export_id=export.pk, now=NOW)
    finally:
        del held._HOLDINGS["broken"]

    export = DataExport.objects.get(pk=export.pk)
    assert (export.state, export.error) == ("failed", "LookupError")
    assert not DataExportFile.objects.exists()


def test_a_file_is_deleted_after_its_time(player: Player, officer: User) -> None:
    export = asked(player, officer)
    build_export(export_id=export.pk, now=NOW)

    assert sweep_exports(now=NOW + KEPT_FOR - timedelta(seconds=1)) == (0, 0)
    assert sweep_exports(now=NOW + KEPT_FOR) == (0, 1)

    assert not DataExportFile.objects.exists()
    with pytest.raises(ExportNotReady):
        download(export_id=export.pk, actor=officer, remote_address="", now=NOW + KEPT_FOR)


def test_only_staff_with_the_right_and_the_brand_ask_and_download(player: Player, officer: User) -> None:
    clerk = make_staff("clerk", brands=(player.brand,))
    stranger = make_staff("stranger", "compliance.export_player")
    for person, refusal in ((clerk, PermissionDenied), (stranger, ExportUnknown)):
        with pytest.raises(refusal):
            asked(player, person)
    export = asked(player, officer)
    build_export(export_id=export.pk, now=NOW)

    for person, refusal in ((clerk, PermissionDenied), (stranger, ExportUnknown)):
        with pytest.raises(refusal):
            download(export_id=export.pk, actor=person, remote_address="", now=NOW)
    assert not DataExportDownload.objects.exists()


def test_the_file_is_handed_out_by_post_only_and_each_time_is_on_record(player: Player, officer: User) -> None:
    export = asked(player, officer, now=clock.now())
    build_export(export_id=export.pk, now=clock.now())
    client = Client()
    client.force_login(officer)
    address = reverse("admin:compliance_dataexport_file", args=[export.pk])

    assert client.get(address).status_code == 405
    assert not DataExportDownload.objects.exists()
    reply = client.post(address)

    assert (reply.status_code, reply["Content-Type"]) == (200, "application/zip")
    assert "no-store" in reply["Cache-Control"]
    assert hashlib.sha256(reply.content).hexdigest() == DataExport.objects.get().sha256
    taken = DataExportDownload.objects.get()
    assert (taken.user, taken.remote_address) == (officer, "127.0.0.1")
