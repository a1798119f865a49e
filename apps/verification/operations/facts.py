"""Recording what was found out about a player. Facts are never changed: a newer one supersedes."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.integrations.outbox import record_fact
from apps.players.models import Player
from apps.players.operations.status import lock_player
from apps.verification.access import require
from apps.verification.models import PlayerFact, Verification

RECORD_PERMISSION = "verification.record_fact"


class FactNotSound(DomainError):
    """The fact lacks something: how it was found, or until when it holds."""

    code = "fact-not-sound"
    title = "The fact can not be recorded like that"
    status = 422


@transaction.atomic
def add_fact(
    *,
    player_id: int,
    kind: str,
    outcome: str,
    method: str,
    level: int,
    now: datetime,
    obtained_at: datetime | None = None,
    valid_to: datetime | None = None,
    value: Mapping[str, Any] | None = None,
    subject: str = "",
    verification: Verification | None = None,
    integration_id: int | None = None,
    vendor_reference: str = "",
    evidence: object = None,
    reason: str = "",
    actor: User | None = None,
) -> PlayerFact | None:
    """
    Put a fact at the head of its chain; None if the head says the same already.

    :param evidence: what it rests on; only its hash is kept
    :raises PermissionDenied: if a member of staff may not, or not at this brand
    :raises FactNotSound: if a manual fact gives no reason, or is over before it begins
    """
    player = lock_player(player_id)
    if actor is not None:
        require(actor, RECORD_PERMISSION, brand_id=player.brand_id)
        if len(reason.strip()) < 5:  # noqa: PLR2004 - a word at least
            raise FactNotSound("Say how it was found out.")
    found_at = obtained_at or now
    if valid_to is not None and valid_to <= found_at:
        raise FactNotSound("It would be over before it begins.")
    head = PlayerFact.objects.standing().filter(player_id=player_id, kind=kind, subject=subject).first()
    proof = digest_of(evidence) if evidence is not None else ""
    said = dict(value or {})
    if head is not None and _says_the_same(head, outcome, method, level, said, valid_to, proof):
        return None
    fact = PlayerFact.objects.create(
        player=player,
        kind=kind,
        subject=subject,
        outcome=outcome,
        value=said,
        method=method,
        level=level,
        integration_id=integration_id,
        vendor_reference=vendor_reference,
        verification=verification,
        obtained_at=found_at,
        valid_to=valid_to,
        evidence_hash=proof,
        supersedes=head,
        reason=reason.strip(),
        recorded_by=actor,
        request_id=current_request_id(),
        recorded_at=now,
    )
    _tell(player, fact, now)
    return fact


def withdraw_facts(*, verification: Verification, reason: str, now: datetime) -> int:
    """No longer rely on what a verification proved, where it is the last word; returns how many facts that were."""
    standing = PlayerFact.objects.standing().filter(verification=verification, outcome=PlayerFact.Outcome.CONFIRMED)
    for fact in standing.order_by("pk"):
        add_fact(
            player_id=fact.player_id,
            kind=fact.kind,
            subject=fact.subject,
            outcome=PlayerFact.Outcome.WITHDRAWN,
            method=fact.method,
            level=fact.level,
            verification=verification,
            integration_id=fact.integration_id,
            vendor_reference=fact.vendor_reference,
            reason=reason,
            now=now,
        )
    return len(standing)


def proven_kinds(player_id: int, now: datetime, *, level: int = PlayerFact.Level.BASIC) -> frozenset[str]:
    """Which facts about the person count now; one query."""
    rows = PlayerFact.objects.proven(now).filter(player_id=player_id, subject="", level__gte=level)
    return frozenset(rows.values_list("kind", flat=True))


def digest_of(evidence: object) -> str:
    """SHA-256 of bytes, or of anything else as canonical JSON."""
    raw = (
        evidence
        if isinstance(evidence, bytes)
        else json.dumps(evidence, sort_keys=True, separators=(",", ":"), default=str).encode()
    )
    return hashlib.sha256(raw).hexdigest()


def _says_the_same(
    head: PlayerFact,
    outcome: str,
    method: str,
    level: int,
    value: Mapping[str, Any],
    valid_to: datetime | None,
    proof: str,
) -> bool:
    return (head.outcome, head.method, head.level, head.value, head.valid_to, head.evidence_hash) == (
        outcome,
        method,
        level,
        value,
        valid_to,
        proof,
    )


def _tell(player: Player, fact: PlayerFact, now: datetime) -> None:
    record_fact(
        kind=f"verification.fact.{fact.outcome}",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(fact.public_id),
        data={"kind": fact.kind, "method": fact.method, "level": int(fact.level)},
        now=now,
    )
