"""What each part knows of a person is in the access export where it may be, and gone after an erasure."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from apps.compliance.holdings import holdings
from apps.compliance.models.cases import CaseEvent
from apps.compliance.models.decisions import PlayerNote
from apps.compliance.retention import erase_player
from apps.monitoring.models import Link
from apps.players.models import Player
from apps.players.operations import change_status
from apps.safer_play.models import Exclusion, ExclusionReturn
from apps.verification.file_store import FileMissing, read_file, store_file
from apps.verification.models import Document, PlayerFact, Verification
from tests.factories.cases import case_of, colleague, hit
from tests.factories.games import make_player
from tests.factories.policies import put_in_force

pytestmark = pytest.mark.django_db
CLOSED_AT = datetime(2021, 5, 3, tzinfo=UTC)
NOW = datetime(2026, 11, 25, tzinfo=UTC)
CANARY = "Canarius"
# What the law keeps stays under a number; these tables hold none of it in words.
NOT_SEARCHED = "^(auth_|django_|integrations_|brands_)"


@pytest.fixture
def player() -> Player:
    """A person with something about him in every part, whose account was closed long ago."""
    put_in_force("MT", "retention_years_after_relationship", 5)
    person = make_player("astrid", last_name=CANARY)
    facts: dict[str, Any] = {"obtained_at": CLOSED_AT, "recorded_at": CLOSED_AT, "method": "document"}
    PlayerFact.objects.create(
        player=person,
        kind=PlayerFact.Kind.IDENTITY,
        outcome="confirmed",
        value={"name": CANARY},
        reason=CANARY,
        **facts,
    )
    Verification.objects.create(
        player=person, brand=person.brand, found={"name": CANARY}, player_note=CANARY, staff_note=CANARY,
        vendor_subject=CANARY, started_at=CLOSED_AT, changed_at=CLOSED_AT,
    )  # fmt: skip
    exclusion = Exclusion.objects.create(
        player=person, kind=Exclusion.Kind.TIME_OUT, started_at=datetime(2021, 5, 1, tzinfo=UTC), ends_at=CLOSED_AT,
        actor="player", reason=CANARY, state=Exclusion.State.ENDED, ended_at=CLOSED_AT,
    )  # fmt: skip
    ExclusionReturn.objects.create(exclusion=exclusion, reason=f"I, {CANARY}", requested_at=CLOSED_AT)
    case = case_of(hit(person))
    who = colleague("investigator", brand=person.brand)
    PlayerNote.objects.create(player=person, case=case, text=f"{CANARY} called", written_by=who, at=NOW)
    CaseEvent.objects.create(case=case, kind="note", actor=who, actor_name="x", text=f"{CANARY} wrote", at=NOW)
    Link.objects.create(player_id=person.pk, kind="device", value=CANARY, first_at=NOW, last_at=NOW, times=1)
    change_status(player_id=person.pk, to="closed", actor="test", now=CLOSED_AT, reason_code="player-request")
    return Player.objects.get(pk=person.pk)


def where_the_canary_is() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            " AND table_type = 'BASE TABLE' AND table_name !~ %s",
            [NOT_SEARCHED],
        )
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', [f"%{CANARY}%"])  # noqa: S608
            if cursor.fetchone() != (0,):
                found.append(table)
    return sorted(found)


def test_no_part_keeps_a_person_after_an_erasure(player: Player) -> None:
    assert set(where_the_canary_is()) >= {
        "verification_playerfact", "verification_verification", "safer_play_exclusion", "safer_play_exclusionreturn",
        "compliance_playernote", "compliance_caseevent", "monitoring_link", "players_player",
    }  # fmt: skip
    done = erase_player(player_id=player.pk, now=NOW)
    assert where_the_canary_is() == []
    assert {name: done.counts[name] for name in ("identity_facts", "verifications", "monitoring")} == {
        "identity_facts": 1, "verifications": 1, "monitoring": 1,
    }  # fmt: skip
    assert PlayerFact.objects.get().outcome == "confirmed"  # that it was proven stays


def test_what_staff_wrote_is_emptied_by_an_erasure_only(player: Player) -> None:
    updates: tuple[Callable[[], int], ...] = (
        lambda: PlayerNote.objects.update(text=""),
        lambda: CaseEvent.objects.update(text=""),
        lambda: PlayerFact.objects.update(value={}),
    )
    for update in updates:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            update()
    erase_player(player_id=player.pk, now=NOW)
    rewrites: tuple[Callable[[], int], ...] = (
        lambda: PlayerNote.objects.update(text="something else"),
        lambda: CaseEvent.objects.update(kind="resolved"),
        lambda: PlayerFact.objects.update(outcome="refuted"),
    )
    for rewrite in rewrites:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rewrite()


def test_a_document_goes_with_its_file(player: Player) -> None:
    name, kid = store_file(b"%PDF-1.4 " + CANARY.encode())
    Document.objects.create(
        player=player, kind=Document.Kind.IDENTITY, storage_name=name, master_kid=kid, content_type="application/pdf",
        size_bytes=9, sha256="0" * 64, uploaded_by="player", uploaded_at=CLOSED_AT, note=CANARY,
    )  # fmt: skip
    assert CANARY.encode() in read_file(name, master_kid=kid)
    erase_player(player_id=player.pk, now=NOW)
    with pytest.raises(FileMissing):
        read_file(name, master_kid=kid)


def test_an_access_request_gets_what_is_his_and_nothing_that_tells_of_a_suspicion(player: Player) -> None:
    told = {each.name: list(each.export(player)) for each in holdings()}
    assert told["identity_facts"][0]["value"] == {"name": CANARY}
    assert told["verifications"][0]["told"] == CANARY
    assert told["exclusions"][0]["your_words"] == [f"I, {CANARY}"]
    assert (told["cases"], told["monitoring"], told["screenings"]) == ([], [], [])
    assert "staff_note" not in told["verifications"][0]
