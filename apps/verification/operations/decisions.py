"""What follows from what a vendor, or a member of staff, says of a player: the state, and the facts."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from apps.core.errors import DomainError
from apps.players.models import Player
from apps.players.operations.registration import age_in_years
from apps.verification.access import require
from apps.verification.alerts import alert_review
from apps.verification.contract import Decision, FoundPerson, VendorState
from apps.verification.gate_policies import minimum_age
from apps.verification.matching.names import compare_names
from apps.verification.models import PlayerFact, Verification
from apps.verification.operations.facts import add_fact, withdraw_facts
from apps.verification.operations.steps import lock_verification, save_step

State = Verification.State
DECIDE_PERMISSION = "verification.decide_verification"

IDENTITY_HOLDS = timedelta(days=5 * 365)
"""At most, where the document says nothing or more."""
ADDRESS_HOLDS = timedelta(days=365)
POLL_AFTER = timedelta(minutes=30)

# What the player may know of each decision; what staff know stands in other fields (K9).
PLAYER_REASONS: dict[Decision, str] = {
    Decision.RETRY: "show-another-document",
    Decision.REJECTED: "not-verified",
    Decision.REVIEW: "being-looked-at",
    Decision.ABANDONED: "not-finished",
}
_TARGETS: dict[Decision, str] = {
    Decision.PENDING: State.PENDING,
    Decision.APPROVED: State.APPROVED,
    Decision.RETRY: State.RETRY,
    Decision.REJECTED: State.REJECTED,
    Decision.REVIEW: State.REVIEW,
    Decision.ABANDONED: State.ABANDONED,
}


class VerificationDecided(DomainError):
    """Somebody, or the vendor, was faster."""

    code = "verification-decided"
    title = "The verification is not in review"
    status = 409


@transaction.atomic
def apply_state(
    *, verification_id: int, told: VendorState, event_id: str = "", occurred_at: datetime | None = None, now: datetime
) -> Verification:
    """
    Take over what the vendor says now. What is older than what holds changes nothing.

    :param told: the answer to `fetch`; a webhook's own words never come here
    """
    verification = lock_verification(verification_id)
    before = verification.state
    decided_at = min(told.decided_at or occurred_at or now, now)
    held_since = verification.decided_at
    if before in (State.NONE, State.EXPIRED) or (held_since is not None and decided_at < held_since):
        return verification
    decision, staff_reason = _judged(verification, told, now)
    target = _TARGETS[decision]
    if target == before or (target == State.PENDING and before in (State.RETRY, State.ABANDONED, State.REJECTED)):
        # Nothing new; or the vendor waits for what the player has not sent yet.
        _poll_later(verification, now)
        verification.save(update_fields=["next_poll_at", "polls"])
        return verification
    _move(verification, decision, decided_at, now)
    verification.player_reason = PLAYER_REASONS.get(decision, "")
    verification.player_note = told.player_note
    verification.staff_reason = staff_reason
    verification.staff_note = told.staff_note
    verification.labels = list(told.labels)
    verification.found = asdict(told.person)
    _poll_later(verification, now)
    save_step(verification, "decided", before=before, now=now, event_id=event_id, word=told.word, labels=told.labels)
    _record_facts(verification, before, told.person, now)
    if verification.state == State.REVIEW:
        alert_review(verification, now=now)
    return verification


@transaction.atomic
def decide_review(*, verification_id: int, decision: str, note: str, actor: User, now: datetime) -> Verification:
    """
    Decide what a vendor left open, or what does not agree with what the player told us.

    :param decision: `approved`, `rejected` or `retry`
    :raises PermissionDenied: if the actor may not
    :raises VerificationDecided: if it is not in review any more
    """
    verification = lock_verification(verification_id)
    require(actor, DECIDE_PERMISSION, brand_id=verification.brand_id)
    if verification.state != State.REVIEW:
        raise VerificationDecided
    said = Decision(decision)
    if said not in (Decision.APPROVED, Decision.REJECTED, Decision.RETRY):
        raise VerificationDecided("Approve, reject, or ask for another document.")
    before = verification.state
    _move(verification, said, now, now)
    verification.player_reason = PLAYER_REASONS.get(said, "")
    verification.player_note, verification.staff_note = "", note.strip()
    verification.staff_reason = "staff-decision"
    _poll_later(verification, now)
    save_step(verification, "decided-by-staff", before=before, now=now, actor=actor, note=note.strip())
    _record_facts(verification, before, FoundPerson(**verification.found) if verification.found else FoundPerson(), now)
    return verification


def disagreements(player: Player, person: FoundPerson) -> list[tuple[str, str, str]]:
    """Compare what the vendor read with what the player told us; returns field, ours, theirs where they differ."""
    found: list[tuple[str, str, str]] = []
    ours, theirs = f"{player.first_name} {player.last_name}", f"{person.first_name} {person.last_name}".strip()
    if theirs and not compare_names(ours, theirs).is_match:
        found.append(("name", ours, theirs))
    if person.birth_date and person.birth_date != player.birth_date.isoformat():
        found.append(("birth date", player.birth_date.isoformat(), person.birth_date))
    return found


def _judged(verification: Verification, told: VendorState, now: datetime) -> tuple[Decision, str]:
    """A vendor approves the person before its camera; whether that is our player, is for us to say."""
    if told.decision != Decision.APPROVED:
        return told.decision, "vendor"
    player = verification.player
    born = _date_of(told.person.birth_date) or player.birth_date
    if age_in_years(born, now.date()) < minimum_age(player.jurisdiction_id, now.date()):
        return Decision.REJECTED, "under-age"
    differing = [field for field, _, _ in disagreements(player, told.person)]
    if differing:
        return Decision.REVIEW, "profile-mismatch"
    expires = _date_of(told.person.document_valid_to)
    if expires is not None and expires < now.date():
        return Decision.RETRY, "document-expired"
    return Decision.APPROVED, ""


def _move(verification: Verification, decision: Decision, decided_at: datetime, now: datetime) -> None:
    moves: dict[Decision, Callable[..., None]] = {
        Decision.APPROVED: verification.approve,
        Decision.RETRY: verification.ask_again,
        Decision.REJECTED: verification.reject,
        Decision.REVIEW: verification.send_to_review,
        Decision.ABANDONED: verification.abandon,
    }
    if decision == Decision.PENDING:
        verification.reopen(at=now)
    else:
        moves[decision](decided_at=decided_at, at=now)


def _poll_later(verification: Verification, now: datetime) -> None:
    """Ask again, ever more seldom, as long as something may come."""
    verification.polls += 1
    waits = verification.state in Verification.AT_VENDOR
    verification.next_poll_at = (
        now + min(POLL_AFTER * 2 ** min(verification.polls, 6), timedelta(days=1)) if waits else None
    )


def _record_facts(verification: Verification, before: str, person: FoundPerson, now: datetime) -> None:
    if verification.state == State.APPROVED:
        _confirm(verification, person, now)
    elif before == State.APPROVED:
        withdraw_facts(verification=verification, reason=f"verification became {verification.state}", now=now)
    if verification.state == State.REJECTED and verification.staff_reason == "under-age":
        _add(
            verification, PlayerFact.Kind.AGE, PlayerFact.Outcome.REFUTED, {"birth_date": person.birth_date}, None, now
        )


def _confirm(verification: Verification, person: FoundPerson, now: datetime) -> None:
    player, confirmed = verification.player, PlayerFact.Outcome.CONFIRMED
    latest = now + IDENTITY_HOLDS
    expires = _date_of(person.document_valid_to)
    until = min(latest, datetime.combine(expires + timedelta(days=1), time.min, UTC)) if expires else latest
    shown = {
        "document_type": person.document_type,
        "document_country": person.document_country,
        "document_valid_to": person.document_valid_to,
    }
    _add(verification, PlayerFact.Kind.IDENTITY, confirmed, shown, until, now)
    born = person.birth_date or player.birth_date.isoformat()
    _add(verification, PlayerFact.Kind.AGE, confirmed, {"birth_date": born}, None, now)
    if verification.level in (Verification.Level.ADDRESS, Verification.Level.ENHANCED):
        value = {"address": person.address or player.street, "country": player.country}
        _add(verification, PlayerFact.Kind.ADDRESS, confirmed, value, now + ADDRESS_HOLDS, now)


def _add(
    verification: Verification, kind: str, outcome: str, value: dict[str, str], until: datetime | None, now: datetime
) -> None:
    add_fact(
        player_id=verification.player_id,
        kind=kind,
        outcome=outcome,
        method="vendor" if verification.staff_reason != "staff-decision" else "staff",
        level=PlayerFact.Level.ENHANCED
        if verification.level == Verification.Level.ENHANCED
        else PlayerFact.Level.STANDARD,
        value=value,
        valid_to=until,
        verification=verification,
        integration_id=verification.integration_id,
        vendor_reference=verification.vendor_session,
        evidence={"found": verification.found, "labels": verification.labels, "kind": str(kind)},
        now=now,
    )


def _date_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
