"""What each part knows of a person is in the access export where it may be, and gone after an erasure."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from apps.backoffice.personal_columns import Fate, registered
from apps.compliance.holdings import holdings
from apps.compliance.models import (
    ApprovalEvent,
    ApprovalRequest,
    Case,
    CaseDecision,
    CaseEvent,
    CaseLink,
    CaseNotice,
    CaseReview,
    Evidence,
    LegalHold,
    PlayerNote,
    RuleSnooze,
)
from apps.compliance.retention import erase_player
from apps.monitoring.models import DeadLetter, Link, RiskOverride
from apps.players.models import Player
from apps.players.operations import change_status
from apps.safer_play.models import Exclusion, ExclusionReturn, Interaction, Limit, LimitEvent
from apps.verification.file_store import FileMissing, read_file, store_file
from apps.verification.models import Document, HitReview, PlayerFact, ScreeningHit, Verification, VerificationStep
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


def plant_words(person: Player) -> set[str]:
    """What staff, rules and vendors may have written about him, wherever they can; returns the tables."""
    case = case_of(hit(person, explanation=f"Name 98 % like {CANARY}", evidence={"entity": CANARY}))
    other = case_of(hit(person, blueprint="fraud", dedupe_key="F", explanation=CANARY))
    who, checker = (colleague("mlro", name, brand=person.brand) for name in ("anna", "bert"))
    at: dict[str, Any] = {"at": CLOSED_AT}
    Case.objects.filter(pk=case.pk).update(narrative=CANARY, awaiting_what=CANARY)
    CaseNotice.objects.create(user=who, case=case, kind="x", text=CANARY, **at)
    CaseLink.objects.create(case=case, other=other, reason=CANARY, added_by=who, **at)
    CaseDecision.objects.create(case=case, effect="x", reason_code="x", note=CANARY, decided_by=who, **at)
    Evidence.objects.create(
        case=case, kind="exchange", title=CANARY, reference="e", content={"name": CANARY}, sha256="1" * 64,
        file_name=CANARY, added_by=who, **at,
    )  # fmt: skip
    RuleSnooze.objects.create(
        player=person, rule_id="R", case=case, reason=CANARY, ended_why=CANARY, made_by=who, starts_at=CLOSED_AT,
        ends_at=CLOSED_AT + timedelta(days=1),
    )  # fmt: skip
    CaseReview.objects.create(
        case=case, resolution="confirmed", drawn_at=CLOSED_AT, verdict="sound", note=CANARY, reviewer=who,
        reviewed_at=CLOSED_AT,
    )  # fmt: skip
    asked = ApprovalRequest.objects.create(
        command="gone.command", payload={"narrative": CANARY}, payload_hash="0" * 64, rests_on={"x": CANARY},
        summary=CANARY, reason=CANARY, subject_player=person, brand=person.brand, maker=who, created_at=CLOSED_AT,
        expires_at=NOW, state="rejected", checker=checker, decision_reason=CANARY, decided_at=CLOSED_AT,
    )  # fmt: skip
    ApprovalEvent.objects.create(approval=asked, kind="asked", actor=who, note=CANARY, payload_hash="0" * 64, **at)
    LegalHold.objects.create(
        player=person, scope=CANARY, reason=CANARY, owner=who, review_on=NOW.date(), placed_at=CLOSED_AT,
        released_at=NOW, released_by=checker, release_reason=CANARY,
    )  # fmt: skip
    found = ScreeningHit.objects.create(
        player=person, source="local", dataset="d", entity_id="e", caption=CANARY, listed={"name": CANARY},
        is_sanction=True, score=0.9, corroboration=1, explanation=[CANARY], rank=1, player_digest="", entity_digest="",
        found_at=CLOSED_AT, seen_at=CLOSED_AT,
    )  # fmt: skip
    HitReview.objects.create(hit=found, from_state="open", to_state="gone", note=CANARY, **at)
    step = Verification.objects.get(player=person)
    VerificationStep.objects.create(verification=step, name="x", from_state="a", to_state="b",
                                    details={"name": CANARY}, **at)  # fmt: skip
    limit = Limit.objects.create(
        player=person, kind="loss", period="day", currency="EUR", amount_units=1, set_by="operator", actor="anna",
        reason=CANARY, state="active", requested_at=CLOSED_AT, timezone="UTC", window="rolling",
        anchor_at=CLOSED_AT, effective_at=CLOSED_AT,
    )  # fmt: skip
    LimitEvent.objects.create(limit=limit, from_state="", to_state="active", actor="anna", note=CANARY,
                              occurred_at=CLOSED_AT)  # fmt: skip
    Interaction.objects.create(
        player=person, trigger="R", trigger_text=CANARY, dedupe_key="k", action="contact", channel="phone",
        outcome=CANARY, evidence=CANARY, started_at=CLOSED_AT, due_at=CLOSED_AT, started_by="anna",
    )  # fmt: skip
    RiskOverride.objects.create(
        player_id=person.pk, kind="aml", level=5, reason=CANARY, state="ended", until=NOW, maker=who, checker=checker,
        decided_at=CLOSED_AT,
    )  # fmt: skip
    DeadLetter.objects.create(stage="intake", player_id=person.pk, purpose="x", payload={"x": CANARY}, error=CANARY,
                              happened_at=CLOSED_AT)  # fmt: skip
    return {
        "compliance_alert", "compliance_alerthit", "compliance_approvalevent", "compliance_approvalrequest",
        "compliance_case", "compliance_casedecision", "compliance_caselink", "compliance_casenotice",
        "compliance_casereview",
        "compliance_evidence", "compliance_legalhold", "compliance_rulesnooze", "monitoring_deadletter",
        "monitoring_riskoverride", "safer_play_interaction", "safer_play_limit", "safer_play_limitevent",
        "verification_hitreview",
        "verification_screeninghit", "verification_verificationstep",
    }  # fmt: skip


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
