"""Voiding a round and returning its stakes: proposed by one person, decided by another."""

import json
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.providers.models import Round, RoundEvent, RoundVoid
from apps.providers.round_queries import first_possible_transaction
from apps.providers.rounds import RoundUnknown, lock_round, record_round_event, require_resolver

if TYPE_CHECKING:
    from django.contrib.auth.models import User

APPROVE_PERMISSION = "providers.approve_round_void"


class RoundNotVoidable(DomainError):
    """The round has been voided already, or has paid a win: correct that one by adjustments."""

    code = "round-not-voidable"
    title = "The round can not be voided"
    status = 409


class RoundVoidPending(DomainError):
    """A colleague has proposed to void this round already."""

    code = "round-void-pending"
    title = "A proposal is waiting already"
    status = 409


class RoundVoidDecided(DomainError):
    """The proposal has been decided already."""

    code = "round-void-decided"
    title = "The proposal has been decided"
    status = 409


class SecondPersonRequired(DomainError):
    """Who proposed to void a round does not decide on it; there is no exception."""

    code = "round-void-second-person"
    title = "A second person has to decide"
    status = 403


class RoundHasChanged(DomainError):
    """Bets or rollbacks have reached the round since it was proposed to void it; reject and propose anew."""

    code = "round-has-changed"
    title = "The round has changed since"
    status = 409


@transaction.atomic
def propose_void(*, round_id: int, player_id: int, reason: str, policy: str, actor: "User", now: datetime) -> RoundVoid:
    """
    Ask a colleague to void a round and return its stakes.

    :param policy: id of the published void policy that it follows
    :raises PermissionDenied: if the actor may not resolve rounds
    :raises RoundUnknown: if the player has no such round
    :raises RoundNotVoidable: if it has been voided or has paid a win
    :raises RoundVoidPending: if a proposal is waiting
    """
    require_resolver(actor, reason)
    found = lock_round(round_id=round_id, player_id=player_id)
    _require_voidable(found)
    try:
        with transaction.atomic():
            return RoundVoid.objects.create(
                round_id=found.pk,
                player_id=found.player_id,
                brand_id=found.brand_id,
                currency=found.currency,
                staked_units=found.staked - found.rolled_back,
                reason=reason.strip(),
                policy=policy,
                proposed_by=actor,
                proposed_at=now,
            )
    except IntegrityError as error:
        raise RoundVoidPending from error


@transaction.atomic
def approve_void(*, void_id: int, note: str, actor: "User", now: datetime) -> RoundVoid:
    """
    Void the round: every stake goes back to its bucket as a correction that names its bet.

    :raises PermissionDenied: if the actor may not decide on proposals
    :raises SecondPersonRequired: if he proposed it himself
    :raises RoundVoidDecided: if it has been decided
    :raises RoundHasChanged: if the round's stakes are not those proposed any more
    :raises RoundNotVoidable: if it has paid a win since
    """
    void = _lock_proposal(void_id, actor)
    found = lock_round(round_id=void.round_id, player_id=void.player_id)
    _require_voidable(found)
    void.approve(by=actor, at=now, note=note)
    void.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])
    if _return_stakes(void, found, now=now) != void.staked_units:
        # Undoes everything above with it.
        raise RoundHasChanged
    record_round_event(found, RoundEvent.Kind.VOIDED, reason=void.reason, actor=actor.get_username(), now=now)
    return void


@transaction.atomic
def reject_void(*, void_id: int, note: str, actor: "User", now: datetime) -> RoundVoid:
    """
    Leave the round as it is.

    :raises PermissionDenied: if the actor may not decide on proposals
    :raises SecondPersonRequired: if he proposed it himself
    :raises RoundVoidDecided: if it has been decided
    """
    void = _lock_proposal(void_id, actor)
    void.reject(by=actor, at=now, note=note)
    void.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])
    return void


def _lock_proposal(void_id: int, actor: "User") -> RoundVoid:
    if not actor.has_perm(APPROVE_PERMISSION):
        raise PermissionDenied
    void = RoundVoid.objects.select_for_update(no_key=True).filter(pk=void_id).first()
    if void is None:
        raise RoundUnknown
    if void.state != RoundVoid.State.PROPOSED:
        raise RoundVoidDecided
    if void.proposed_by_id == actor.pk:
        raise SecondPersonRequired
    return void


def _require_voidable(found: Round) -> None:
    if found.state == Round.State.VOIDED or found.won != 0:
        raise RoundNotVoidable


def _return_stakes(void: RoundVoid, found: Round, *, now: datetime) -> int | None:
    """Post the corrections; returns the amount in ledger units, None if the round can not be voided."""
    details = {"void": void.pk, "policy": void.policy, "reason": void.reason}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT providers_void_round(%s, %s, %s, 'voided', %s, %s::jsonb, %s)",
            [
                found.player_id,
                found.pk,
                first_possible_transaction(found),
                current_request_id(),
                json.dumps(details),
                now,
            ],
        )
        returned: int | None = cursor.fetchone()[0]
    return returned
