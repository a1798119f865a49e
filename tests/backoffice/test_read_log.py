"""Who looked at what and who took what: masked by default, by field, limited, on record, and sealed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from apps.backoffice.models import ChainCheck, Download, PersonalDataRead, UnmaskAllowance
from apps.backoffice.personal_data import COMMAND
from apps.backoffice.read_log import CHAINS, check_read_log
from apps.backoffice.unusual_looks import Look, by_day, findings
from apps.brands.models import Brand
from apps.compliance.approvals import decide_approval
from apps.compliance.models import ApprovalRequest
from apps.core import clock
from apps.players.models import Player
from tests.backoffice.conftest import Login, make_staff
from tests.factories.games import make_player

TABLE = "backoffice_personaldataread"


def look(client: Client, player: Player, *fields: str, purpose: str = "Case 17 wants the name") -> Any:
    address = reverse("admin:players_player_show-personal-data", args=[player.pk])
    return client.post(address, {"fields_wanted": fields, "purpose": purpose})


def page(client: Client, player: Player) -> str:
    return client.get(reverse("admin:players_player_change", args=[player.pk])).content.decode()


@pytest.fixture
def ada(brand: Brand) -> Player:
    return make_player("ada", first_name="Adelheid", last_name="Quastenberg", email="adelheid@quastenberg.example")


def test_only_the_chosen_fields_are_shown_and_each_look_says_who_what_whom_and_why(ada: Player, login: Login) -> None:
    client = login("investigator")
    assert "Quastenberg" not in page(client, ada)

    assert look(client, ada, "last_name").status_code == 302

    shown = page(client, ada)
    assert "Quastenberg" in shown
    assert "Adelheid" not in shown
    assert "adelheid@" not in shown
    read = PersonalDataRead.objects.get()
    assert (read.user.username, read.player, read.fields, read.case_id) == ("investigator", ada, ["last_name"], None)
    assert (read.purpose, read.remote_address, read.chain_number) == ("Case 17 wants the name", "127.0.0.1", 1)
    # Neither another log-in of the same person nor a colleague sees it.
    other = Client()
    other.force_login(User.objects.get(username="investigator"))
    assert "Quastenberg" not in page(other, ada)


def test_what_was_shown_is_masked_again_after_ten_minutes(ada: Player, login: Login) -> None:
    client = login("investigator")
    look(client, ada, "last_name")
    session = client.session
    grants = session["unmasked_fields"]
    grants[str(ada.pk)]["last_name"] = (clock.now() - timedelta(seconds=1)).isoformat()
    session["unmasked_fields"] = grants
    session.save()
    assert "Quastenberg" not in page(client, ada)


@pytest.mark.parametrize("fields", [(), ("password",), ("last_name", "ciphertext")])
def test_nothing_is_shown_or_recorded_without_fields_that_exist(
    fields: tuple[str, ...], ada: Player, login: Login
) -> None:
    assert look(login("investigator"), ada, *fields).status_code == 400
    assert not PersonalDataRead.objects.exists()


def test_nothing_is_shown_without_a_purpose_or_to_masked_roles_or_by_get(ada: Player, login: Login) -> None:
    address = reverse("admin:players_player_show-personal-data", args=[ada.pk])
    investigator = login("investigator")
    assert look(investigator, ada, "last_name", purpose="x").status_code == 400
    assert investigator.get(address).status_code == 405
    for role in ("support", "compliance_analyst", "payments", "auditor", "rg_officer"):
        assert look(login(role), ada, "last_name").status_code == 403
    assert not PersonalDataRead.objects.exists()


def test_more_looks_than_an_hour_allows_take_a_colleague(
    ada: Player, brand: Brand, login: Login, settings: Settings
) -> None:
    settings.STAFF_LOOKS_PER_HOUR = 2
    client = login("investigator")
    for _ in range(3):
        look(client, ada, "city")
    assert PersonalDataRead.objects.count() == 2

    ask = reverse("admin:players_player_more-looks", args=[ada.pk])
    client.post(ask, {"looks": "1", "reason": "A ring of twelve accounts"})
    asked = ApprovalRequest.objects.get(command=COMMAND)
    assert asked.summary == "investigator may look 1 more times within the next hour."
    look(client, ada, "city")
    assert PersonalDataRead.objects.count() == 2  # asking is not yet being allowed

    mlro = make_staff("mlro", brand=brand)
    decide_approval(request_id=asked.pk, checker=mlro, approve=True, reason="", now=clock.now())
    for _ in range(2):
        look(client, ada, "city")
    assert PersonalDataRead.objects.count() == 3
    assert UnmaskAllowance.objects.get().looks_left == 0


def test_a_sound_chain_is_said_to_be_sound(ada: Player, login: Login, capsys: pytest.CaptureFixture[str]) -> None:
    client = login("investigator")
    for name in ("city", "street", "email"):
        look(client, ada, name)
    assert check_read_log(now=clock.now()) == []
    call_command("check_read_log")
    said = capsys.readouterr().out
    assert f"Looks at personal data: 3 rows, head {PersonalDataRead.objects.get(chain_number=3).hash}" in said
    assert ChainCheck.objects.filter(table=TABLE, head_number=3, breaks=[]).count() == 2
    rows = list(PersonalDataRead.objects.order_by("chain_number"))
    assert [each.previous_hash for each in rows] == ["", rows[0].hash, rows[1].hash]


TAMPERINGS = {
    "altered": ("UPDATE {t} SET purpose = 'nothing' WHERE chain_number = 2", [f"{TABLE} row 2: was altered"]),
    "sealed anew": (
        (
            "UPDATE {t} SET purpose = 'nothing', hash = core_chain_seal(previous_hash, core_chain_content("
            'to_jsonb({t}) || \'{{"purpose": "nothing"}}\', \'{{id,user_id,player_id,fields,case_id,purpose,'
            "remote_address,request_id,read_at}}')) WHERE chain_number = 2"
        ),
        [f"{TABLE} row 3: does not follow the row before it"],
    ),
    "taken out": (
        "DELETE FROM {t} WHERE chain_number = 2",
        [f"{TABLE} row 3: a row before this one is missing"],
    ),
    "cut off": ("DELETE FROM {t} WHERE chain_number = 3", [f"{TABLE} row 3: is not what it was on"]),
    "unguarded": ("DROP TRIGGER chained ON {t}", [f"{TABLE} row 0: the trigger that seals rows is gone"]),
}


@pytest.mark.parametrize("how", TAMPERINGS)
def test_tampering_past_the_triggers_is_found(how: str, ada: Player, login: Login) -> None:
    client = login("investigator")
    for name in ("city", "street", "email"):
        look(client, ada, name)
    assert check_read_log(now=clock.now()) == []
    statement, told = TAMPERINGS[how]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER append_only")
        cursor.execute(statement.format(t=TABLE))

    found = check_read_log(now=clock.now())

    assert len(found) == len(told)
    assert all(line.startswith(start) for line, start in zip(found, told, strict=True)), found
    with pytest.raises(SystemExit):
        call_command("check_read_log")
    auditor = login("auditor")
    assert "tampered" in auditor.get(reverse("backoffice:live")).content.decode()
    assert "every row fits" in auditor.get(reverse("backoffice:looks")).content.decode()  # the other chains


@pytest.mark.parametrize("table", [model._meta.db_table for model in CHAINS.values()] + ["backoffice_chaincheck"])
def test_the_logs_refuse_every_change(table: str, db: None) -> None:
    for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):  # noqa: S608
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_nobody_writes_a_seal_of_their_own(ada: Player, login: Login) -> None:
    login("investigator")
    PersonalDataRead.objects.create(
        user=User.objects.get(username="investigator"), player=ada, fields=["city"], purpose="forged",
        remote_address="::1", read_at=clock.now(), chain_number=99, previous_hash="a" * 64, hash="b" * 64,
    )  # fmt: skip
    assert PersonalDataRead.objects.values_list("chain_number", "previous_hash").get() == (1, "")
    assert check_read_log(now=clock.now()) == []


def test_the_auditor_is_told_what_is_unusual() -> None:
    at = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    usual = [Look(at - timedelta(days=day), "mia", 1, "ada", True) for day in range(1, 9)]
    burst = [Look(at - timedelta(minutes=each), "mia", each, f"p{each}", False) for each in range(6)]
    night = [Look(at.replace(hour=3), "tom", 1, "ada", True), Look(at, "eve", 1, "ada", True)]

    told = {each.words for each in findings([*usual, *burst, *night], now=at)}

    assert told == {
        f"6 looks on {at:%d %b}; a usual day of theirs has 1",
        "6 looks at 6 players without a case of theirs",
        "1 looks between 22:00 and 06:00 UTC",
        "3 people looked at ada within 7 days",
    }
    assert findings(usual, now=at) == []
    assert by_day(burst, now=at)[-1] == (at.date(), 0, 6)


def test_the_page_of_unusual_looks_is_the_auditors(ada: Player, login: Login) -> None:
    look(login("investigator"), ada, "city")
    shown = login("auditor").get(reverse("backoffice:looks"))
    assert shown.status_code == 200
    assert "Looks in 30 days" in shown.content.decode()
    assert login("support").get(reverse("backoffice:looks")).status_code == 403


def test_every_file_that_leaves_is_on_record(ada: Player, login: Login, tmp_path: Any, settings: Settings) -> None:
    from apps.compliance.exports import build_export, request_export  # noqa: PLC0415

    mlro = login("mlro")
    export = request_export(
        player_id=ada.pk, purpose="Access request 4", actor=User.objects.get(username="mlro"), now=clock.now()
    )
    assert build_export(export_id=export.pk, now=clock.now())
    file = mlro.post(reverse("admin:compliance_dataexport_file", args=[export.pk]), {"purpose": "Access request 4"})
    assert file.headers["Content-Disposition"].startswith("attachment")

    taken = Download.objects.get()
    assert (taken.user.username, taken.view) == ("mlro", "admin:compliance_dataexport_file")
    assert (taken.file_name, taken.size_bytes) == (f"export-{export.pk}.zip", len(file.content))
    listed = login("auditor").get(reverse("admin:backoffice_download_changelist"))
    assert f"export-{export.pk}.zip" in listed.content.decode()
    assert login("support").get(reverse("admin:backoffice_download_changelist")).status_code == 403
