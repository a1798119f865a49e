"""Deciding on screening hits: the same person, or somebody else. Nobody clears a sanctions hit alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from apps.compliance.approvals import request_approval
from apps.compliance.models.approvals import ApprovalRequest
from apps.core.errors import DomainError
from apps.integrations.outbox import record_fact
from apps.players.operations.status import lock_player
from apps.verification.access import require
from apps.verification.alerts import alert_hit
from apps.verification.models import HitReview, ScreeningHit
from apps.verification.screening import settle_facts

CLEAR_COMMAND = "verification.clear_sanctions_hit"
REVIEW_PERMISSION, CLEAR_PERMISSION = "verification.review_hit", "verification.clear_sanctions_hit"
State = ScreeningHit.State


class HitDecided(DomainError):
    """Somebody was faster, or the hit is gone."""

    code = "hit-decided"
    title = "The hit is not open"
    status = 409


class HitChanged(DomainError):
    """Player or listing have changed since the decision was proposed."""

    code = "hit-changed"
    title = "The hit is not the one that was looked at"
    status = 409


@transaction.atomic
def confirm_hit(*, hit_id: int, note: str, actor: User, now: datetime) -> ScreeningHit:
    """
    Say that the player is the listed person.

    :raises PermissionDenied: if the actor may not
    :raises HitDecided: if it is not open
    """
    hit = _locked(hit_id, actor)
    before = hit.state
    hit.confirm()
    _decide(hit, before, note, actor, None, now)
    alert_hit(hit, now=now)
    return hit


def clear_hit(*, hit_id: int, note: str, actor: User, now: datetime) -> ScreeningHit | ApprovalRequest:
    """
    Say that the player is somebody else: at once, or, for a sanctions hit, as a request to a second person.

    :raises PermissionDenied: if the actor may not
    :raises HitDecided: if it is not open
    """
    with transaction.atomic():
        hit = _locked(hit_id, actor)
        if not hit.is_sanction:
            before = hit.state
            hit.clear()
            _decide(hit, before, note, actor, None, now)
            return hit
        return request_approval(
            command=CLEAR_COMMAND,
            payload={"hit": hit.pk, "player_digest": hit.player_digest, "entity_digest": hit.entity_digest},
            maker=actor,
            reason=note,
            now=now,
            subject_player_id=hit.player_id,
        )


def execute_clear(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """Clear a sanctions hit, as two people agreed. :raises HitDecided, HitChanged: if it is not what they saw."""
    player_id = ScreeningHit.objects.values_list("player_id", flat=True).get(pk=payload["hit"])
    lock_player(player_id)
    hit = ScreeningHit.objects.select_for_update(no_key=True).get(pk=payload["hit"])
    _require_same(hit, payload)
    before = hit.state
    hit.clear()
    _decide(hit, before, "two people looked", maker, checker, now)
    return {"hit": str(hit.public_id)}


def require_clearable(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the signature of approvals
    """Say whether a request to clear still rests on what was seen."""
    hit = ScreeningHit.objects.filter(pk=payload["hit"]).first()
    if hit is None:
        raise HitDecided
    _require_same(hit, payload)


def _require_same(hit: ScreeningHit, payload: Mapping[str, Any]) -> None:
    if hit.state != State.OPEN:
        raise HitDecided
    if (hit.player_digest, hit.entity_digest) != (payload["player_digest"], payload["entity_digest"]):
        raise HitChanged


def _locked(hit_id: int, actor: User) -> ScreeningHit:
    found = ScreeningHit.objects.select_related("player").filter(pk=hit_id).first()
    if found is None:
        raise HitDecided
    require(actor, REVIEW_PERMISSION, brand_id=found.player.brand_id)
    # Players are locked before their hits, as a screening does it.
    lock_player(found.player_id)
    hit = (
        ScreeningHit.objects.select_for_update(no_key=True, of=("self",)).select_related("player__brand").get(pk=hit_id)
    )
    if hit.state != State.OPEN:
        raise HitDecided
    return hit


def _decide(hit: ScreeningHit, before: str, note: str, actor: User, checker: User | None, now: datetime) -> None:
    hit.decided_by, hit.checked_by, hit.decided_at, hit.decision_note = actor, checker, now, note.strip()
    hit.save(update_fields=["state", "decided_by", "checked_by", "decided_at", "decision_note"])
    HitReview.objects.create(
        hit=hit,
        from_state=before,
        to_state=hit.state,
        note=note.strip(),
        player_digest=hit.player_digest,
        entity_digest=hit.entity_digest,
        actor=actor,
        checker=checker,
        at=now,
    )
    record_fact(
        kind=f"verification.hit.{hit.state}",
        brand_code=hit.player.brand.code,
        player_id=hit.player_id,
        subject=str(hit.public_id),
        data={
            "is_sanction": hit.is_sanction,
            "topic": "sanction" if hit.is_sanction else "pep",
            "score": float(hit.score),
            "cleared": hit.state == ScreeningHit.State.FALSE_POSITIVE,
        },
        now=now,
    )
    settle_facts(player_id=hit.player_id, now=now)
