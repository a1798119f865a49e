"""A player whose account was closed long ago, with words about him wherever they can stand, and where these are."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

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
from apps.monitoring.models import DeadLetter, Link, RiskOverride
from apps.players.models import Player
from apps.players.operations import change_status
from apps.safer_play.models import Exclusion, ExclusionReturn, Interaction, Limit, LimitEvent
from apps.verification.models import HitReview, PlayerFact, ScreeningHit, Verification, VerificationStep
from tests.factories.cases import case_of, colleague, hit
from tests.factories.games import make_player
from tests.factories.policies import put_in_force

CLOSED_AT = datetime(2021, 5, 3, tzinfo=UTC)
NOW = datetime(2026, 11, 25, tzinfo=UTC)
CANARY = "Canarius"
# What the law keeps stays under a number; these tables hold none of it in words.
NOT_SEARCHED = "^(auth_|django_(content|migrations|session|site)|integrations_|brands_)"


def closed_long_ago() -> Player:
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
    """Which tables hold the name."""
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
