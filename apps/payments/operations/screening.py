"""Screening a withdrawal: independent checks, each stored with its answer. What follows from them, at the end."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum

from apps.payments.models import ApprovalPolicy, Check, Deposit, Dispute, Withdrawal
from apps.payments.operations.instruments import is_shared
from apps.payments.operations.steps import lock_withdrawal, record_step
from apps.payments.queue import enqueue_on_commit
from apps.players.models import Player
from apps.transactions.models import Transaction, TransactionKind

YOUNG_INSTRUMENT = timedelta(hours=24)
SAME_WITHIN = timedelta(minutes=10)
PLAY_WITHIN = timedelta(days=7)

Passed, Review, Hold = Check.Result.PASSED, Check.Result.REVIEW, Check.Result.HOLD
Answer = tuple[Check.Result, str, dict[str, Any]]


@transaction.atomic
def screen_withdrawal(*, withdrawal_id: int, now: datetime) -> Withdrawal:
    """
    Ask every check, store the answers, and let the withdrawal go, be looked at, or wait. Repeated: nothing happens.

    A check decides nothing on money: nothing is rejected here.
    """
    withdrawal = lock_withdrawal(withdrawal_id)
    if withdrawal.state not in (Withdrawal.State.REQUESTED, Withdrawal.State.SCREENING):
        return withdrawal
    before = withdrawal.state
    if before == Withdrawal.State.REQUESTED:
        withdrawal.begin_screening(at=now)
    answers = {name: check(withdrawal, now) for name, check in CHECKS.items()}
    Check.objects.bulk_create(
        Check(withdrawal=withdrawal, name=name, result=result, reason=reason, evidence=evidence, at=now)
        for name, (result, reason, evidence) in answers.items()
    )
    results = {result for result, _, _ in answers.values()}
    if Hold in results:
        held = next(name for name, answer in answers.items() if answer[0] == Hold)
        withdrawal.hold(reason_code=held, player_reason=PLAYER_REASONS.get(held, ""), at=now)
    elif Review in results or not _goes_by_itself(withdrawal):
        withdrawal.needs_override = Review in results
        withdrawal.send_to_review(at=now)
    else:
        withdrawal.approve(at=now)
        enqueue_on_commit("payments.submit_withdrawal", withdrawal_id=withdrawal.pk)
    withdrawal.save(
        update_fields=["state", "reason_code", "player_reason", "needs_override", "approved_at", "changed_at"]
    )
    record_step(
        withdrawal, "screened", before=before, now=now, results={name: a[0].value for name, a in answers.items()}
    )
    return withdrawal


def policy_of(withdrawal: Withdrawal) -> ApprovalPolicy | None:
    """Return who has to agree at this brand and currency; without a row, two people to everything."""
    return ApprovalPolicy.objects.filter(brand_id=withdrawal.brand_id, currency=withdrawal.currency).first()


def _goes_by_itself(withdrawal: Withdrawal) -> bool:
    policy = policy_of(withdrawal)
    return policy is not None and withdrawal.amount_units <= policy.auto_limit_units


def _account(withdrawal: Withdrawal, now: datetime) -> Answer:  # noqa: ARG001 - every check is asked alike
    player = withdrawal.player
    if player.status in (Player.Status.SUSPENDED, Player.Status.CLOSED):
        return Review, f"The account is {player.status}.", {"status": str(player.status)}
    return Passed, "", {"status": str(player.status)}


def _instrument_owner(withdrawal: Withdrawal, now: datetime) -> Answer:  # noqa: ARG001
    instrument = withdrawal.instrument
    if instrument is None:
        return Passed, "The cashier chose it.", {}
    if instrument.is_blocked:
        return Hold, "The instrument is blocked.", {}
    if is_shared(instrument):
        return Review, "Another player uses the same instrument.", {"instrument": str(instrument.public_id)}
    if not instrument.is_verified:
        return Review, "Nobody knows that it is the player's own.", {"instrument": str(instrument.public_id)}
    return Passed, "", {}


def _instrument_age(withdrawal: Withdrawal, now: datetime) -> Answer:
    instrument = withdrawal.instrument
    paid_in = Deposit.objects.filter(
        player_id=withdrawal.player_id, method_id=withdrawal.method_id, state=Deposit.State.SETTLED
    ).exists()
    if instrument is None or paid_in or now - instrument.changed_at >= YOUNG_INSTRUMENT:
        return Passed, "", {}
    return Review, "The instrument is new or was changed lately.", {"changed_at": instrument.changed_at.isoformat()}


def _closed_loop(withdrawal: Withdrawal, now: datetime) -> Answer:  # noqa: ARG001
    """Money goes back to where it came from first."""
    settled = Deposit.objects.filter(player_id=withdrawal.player_id, state=Deposit.State.SETTLED)
    methods = set(settled.values_list("method_id", flat=True).distinct())
    if methods and withdrawal.method_id not in methods:
        return Review, "Nothing was ever deposited this way.", {"deposited_with": sorted(methods)}
    return Passed, "", {"deposited_with": sorted(methods)}


def _play(withdrawal: Withdrawal, now: datetime) -> Answer:
    """Deposit and withdrawal without play in between is what laundering looks like."""
    since = now - PLAY_WITHIN
    player, currency = withdrawal.player_id, withdrawal.currency
    deposited = Deposit.objects.filter(
        player_id=player, currency=currency, state=Deposit.State.SETTLED, settled_at__gte=since
    ).aggregate(units=Sum("settled_units"))["units"]
    if not deposited:
        return Passed, "", {}
    played = Transaction.objects.filter(
        player_id=player, currency=currency, kind=TransactionKind.BET, created_at__gte=since
    )
    large = withdrawal.amount_units > LARGE_WITHOUT_PLAY_UNITS
    if large and not played.exists():
        return Review, "Deposited and withdrawn without play.", {"deposited_units": deposited}
    return Passed, "", {"deposited_units": deposited}


LARGE_WITHOUT_PLAY_UNITS = 1_000_000_000  # 1 000 of a fiat currency


def _disputes(withdrawal: Withdrawal, now: datetime) -> Answer:  # noqa: ARG001
    owed = Dispute.objects.filter(
        deposit__player_id=withdrawal.player_id, state=Dispute.State.OPEN, debited_units__gt=0
    )
    if owed.exists():
        return Review, "A deposit of the player is contested.", {"disputes": owed.count()}
    return Passed, "", {}


def _duplicate(withdrawal: Withdrawal, now: datetime) -> Answer:
    same = Withdrawal.objects.filter(
        player_id=withdrawal.player_id,
        amount_units=withdrawal.amount_units,
        currency=withdrawal.currency,
        instrument=withdrawal.instrument,
        requested_at__gte=now - SAME_WITHIN,
        pk__lt=withdrawal.pk,
    ).exclude(state__in=(Withdrawal.State.CANCELLED, Withdrawal.State.REJECTED, Withdrawal.State.FAILED))
    if same.exists():
        return Review, "The same was asked for a few minutes ago.", {"others": same.count()}
    return Passed, "", {}


CHECKS: dict[str, Callable[[Withdrawal, datetime], Answer]] = {
    "account": _account,
    "instrument-owner": _instrument_owner,
    "instrument-age": _instrument_age,
    "closed-loop": _closed_loop,
    "play": _play,
    "disputes": _disputes,
    "duplicate": _duplicate,
}
# What a player may be told while he waits. A check that is not here would tip off, or help a thief.
PLAYER_REASONS: dict[str, str] = {"instrument-owner": "instrument-not-usable"}
