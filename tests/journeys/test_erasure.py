"""What each part knows of a person is in the access export where it may be, and gone after an erasure."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction

from apps.backoffice.personal_columns import Fate, registered
from apps.compliance.holdings import holdings
from apps.compliance.models import (
    ApprovalRequest,
    CaseEvent,
    Evidence,
    PlayerNote,
)
from apps.compliance.retention import erase_player
from apps.players.models import Player
from apps.verification.file_store import FileMissing, read_file, store_file
from apps.verification.models import Document, PlayerFact
from tests.factories.remembered import CANARY, CLOSED_AT, NOW, closed_long_ago, plant_words, where_the_canary_is

pytestmark = pytest.mark.django_db


@pytest.fixture
def player() -> Player:
    return closed_long_ago()


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


def test_what_others_wrote_about_a_person_goes_with_him_wherever_it_stands(player: Player) -> None:
    planted = plant_words(player)
    assert planted <= set(where_the_canary_is())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ApprovalRequest.objects.update(reason="")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Evidence.objects.update(content=None)
    erase_player(player_id=player.pk, now=NOW)
    assert where_the_canary_is() == []
    assert ApprovalRequest.objects.get().state == "rejected"  # that it was asked and decided stays
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ApprovalRequest.objects.update(reason="something else")


def test_every_table_with_words_that_the_register_calls_erased_was_planted(player: Player) -> None:
    planted = plant_words(player) | set(where_the_canary_is())
    parts = ("compliance", "verification", "safer_play", "monitoring")
    erased = {
        column.table.lower().replace(".", "_")
        for column in registered()
        if column.fate == Fate.ERASED and column.table.startswith(tuple(f"{each}." for each in parts))
    }
    # Without words of their own: a trace is a digest, an income an amount, a document a file (tested above).
    assert erased - planted == {
        "compliance_playertrace", "verification_document", "verification_incomedeclaration",
    }  # fmt: skip
