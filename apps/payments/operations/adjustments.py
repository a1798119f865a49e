"""
Asking for a change of a balance by hand.

It lives here because it needs what lies above wallets: compliance's approvals and the rules of monitoring.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from apps.brands.models import StaffScope
from apps.compliance.approvals import ApprovalUnknown, request_approval
from apps.compliance.models import ApprovalRequest
from apps.core.errors import DomainError
from apps.core.ids import uuid7
from apps.core.money import Money
from apps.monitoring.gate import gate as ask_monitoring
from apps.wallets.adjustments import PROPOSE_PERMISSION, AdjustmentTerms, post_adjustment, require_sound
from apps.wallets.models import Adjustment

ADJUST_BALANCE = "payments.adjust_balance"
LIFETIME = timedelta(hours=24)
_FUNDS_LOCK = "verification_funds_locked"
"""The constraint that `verification/sql/funds_lock.sql` names."""


class AdjustmentBlocked(DomainError):
    """A rule of monitoring forbids it; its alert says which."""

    code = "adjustment-blocked"
    title = "Monitoring does not let this adjustment pass"
    status = 409


class AdjustmentLocked(DomainError):
    """The player's money is locked for due diligence: nothing but what he gets into locked buckets is posted."""

    code = "adjustment-locked"
    title = "The player's money is locked for due diligence"
    status = 409


def propose_adjustment(
    *, player_id: int, money: Money, bucket: str, reason: str, note: str, actor: User, now: datetime
) -> ApprovalRequest:
    """
    Ask a colleague to change a player's balance; nothing moves yet. Not for use inside a transaction.

    What monitoring holds is for the second person to see: its reasons stand in the request. What it blocks is refused.

    :param money: signed: above zero the player gets it, below he pays
    :raises PermissionDenied: if the actor may not propose adjustments
    :raises ApprovalUnknown: if the actor does not serve the player's brand
    :raises AdjustmentNotSound: if player, amount, currency, bucket, reason or note make no sense
    :raises AdjustmentBlocked: if a rule blocks it; the alert stays
    """
    if not actor.has_perm(PROPOSE_PERMISSION):
        raise PermissionDenied
    terms = AdjustmentTerms(uuid7(), player_id, money, bucket, reason, note.strip())
    player = require_sound(terms)
    if not (actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=player.brand_id).exists()):
        raise ApprovalUnknown("There is no such player.")
    facts = {"money": Money(abs(money.units), money.currency), "subject": str(terms.public_id)}
    # Asked before the request's transaction: an alert must outlive a refusal.
    decision = ask_monitoring(purpose="adjustment", player=player, facts=facts, now=now)
    if decision.outcome == "block":
        raise AdjustmentBlocked
    return request_approval(
        command=ADJUST_BALANCE,
        payload=payload_of(terms, asked_at=now, monitoring=decision.reasons),
        maker=actor,
        reason=note,
        now=now,
        subject_player_id=player_id,
    )


def payload_of(terms: AdjustmentTerms, *, asked_at: datetime, monitoring: tuple[str, ...] = ()) -> dict[str, Any]:
    """What `ADJUST_BALANCE` needs; units are ledger units, signed."""
    return {
        "adjustment": str(terms.public_id),
        "player": terms.player_id,
        "currency": terms.money.currency,
        "units": terms.money.units,
        "bucket": terms.bucket,
        "reason": terms.reason,
        "note": terms.note,
        "asked_at": asked_at.isoformat(),
        "monitoring": list(monitoring),
    }


def adjust_balance(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """
    Post what two people agreed to.

    :raises InsufficientFunds: if the player does not have what he is to pay
    :raises AdjustmentLocked: if his money is locked for due diligence
    """
    try:
        made = post_adjustment(
            terms=_terms(payload),
            maker=maker,
            checker=checker,
            asked_at=datetime.fromisoformat(payload["asked_at"]),
            now=now,
        )
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") != _FUNDS_LOCK:
            raise
        raise AdjustmentLocked from error
    return {"adjustment": made.pk, "transaction": str(made.transaction_id)}


def recheck_adjustment(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the registry's signature
    """Look whether it still makes sense."""
    require_sound(_terms(payload))


def describe_adjustment(payload: Mapping[str, Any]) -> str:
    """Say what would happen, and what monitoring says of it."""
    terms = _terms(payload)
    money = Money(abs(terms.money.units), terms.money.currency)
    bucket, reason = Adjustment.Bucket(terms.bucket).label.lower(), Adjustment.Reason(terms.reason).label
    verb = "gets" if terms.money.units > 0 else "pays"
    told = " ".join(f"Monitoring: {each}" for each in payload["monitoring"])
    return f"{require_sound(terms).username} {verb} {money} ({bucket}). {reason}: {terms.note}. {told}".strip()


def _terms(payload: Mapping[str, Any]) -> AdjustmentTerms:
    return AdjustmentTerms(
        UUID(payload["adjustment"]),
        payload["player"],
        Money(payload["units"], payload["currency"]),
        payload["bucket"],
        payload["reason"],
        payload["note"],
    )
