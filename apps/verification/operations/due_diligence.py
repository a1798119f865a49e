"""Due diligence at a threshold: noticing that it is reached, locking the money where the law says so, letting it go."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.db import connection, transaction

from apps.compliance.policies import policy_for
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.integrations.outbox import record_fact
from apps.players.models import Player
from apps.players.operations.status import lock_player
from apps.transactions.models import Account, AccountKind, TransactionKind
from apps.transactions.posting import Leg, lock_wallet, open_player_accounts, post
from apps.verification.alerts import alert_threshold
from apps.verification.gate_policies import LOCK_FUNDS, Threshold, threshold_for
from apps.verification.gates import CDD_FACTS
from apps.verification.models import DueDiligence, FundsMove, Verification
from apps.verification.operations.facts import proven_kinds
from apps.verification.operations.sessions import NoIdentityVendor, open_request
from apps.verification.reference_rates import value_in

log = structlog.get_logger(__name__)

RELEASE_COMMAND, REFUND_COMMAND = "verification.release_funds", "verification.refund_funds"
PROPOSE_PERMISSION, APPROVE_PERMISSION = "verification.propose_release", "verification.approve_release"

_MOVED = """
SELECT t.kind, t.currency, sum(x.amount)
  FROM transactions_transaction t
  JOIN transactions_transfer x ON x.transaction_id = t.id
  JOIN transactions_account a ON a.id = CASE WHEN t.kind = 'deposit' OR t.kind = 'win' THEN x.credit_account_id
                                             ELSE x.debit_account_id END
 WHERE t.player_id = %(player)s AND t.kind = ANY (%(kinds)s) AND t.created_at > %(since)s AND t.created_at <= %(now)s
   AND t.id >= core_uuid7_floor(%(since)s - interval '1 day') AND a.player_id = t.player_id
 GROUP BY t.kind, t.currency
"""


class FundsNotLocked(DomainError):
    """There is no such lock, or it has ended."""

    code = "funds-not-locked"
    title = "The funds are not locked"
    status = 409


class DueDiligenceNotMet(DomainError):
    """What was asked for is still missing, so the funds can not be released."""

    code = "due-diligence-not-met"
    title = "Due diligence is not complete"
    status = 409


@transaction.atomic(savepoint=False)
def check_threshold(*, player_id: int, now: datetime) -> DueDiligence | None:
    """
    Open due diligence if a player has reached the threshold of his law and is not known well enough; else None.

    Locks his money where the law says so, and asks him to verify. Repeated: what is open stays, what came in is locked.
    """
    player = lock_player(player_id)
    known = DueDiligence.objects.filter(player_id=player_id, state__in=DueDiligence.LOCKING).first()
    if known is not None:
        _lock_money(known, player, now)
        return known
    threshold = threshold_for(player, now)
    if threshold is None or set(CDD_FACTS) <= proven_kinds(player_id, now):
        return None
    measured = measure(player=player, threshold=threshold, now=now)
    if Decimal(measured["value"]) < threshold.amount:
        return None
    locks = policy_for(LOCK_FUNDS, player=player, now=now)
    diligence = DueDiligence.objects.create(
        player=player,
        jurisdiction=player.jurisdiction_id,
        threshold=threshold.as_json(),
        measured={**measured, "restricted_before": _restricted(player_id)},
        policy_version_id=threshold.answer.version_id,
        locks_funds=locks.value is True,
        reached_at=now,
    )
    _tell(diligence, player, "reached", now, lock_policy_version=locks.version_id)
    _lock_money(diligence, player, now)
    alert_threshold(diligence, now=now)
    _ask_for_documents(player, now)
    return diligence


def measure(*, player: Player, threshold: Threshold, now: datetime) -> dict[str, Any]:
    """Count what the threshold counts: its value in the threshold's currency, and the ledger units behind it."""
    kinds = ["deposit", *(["withdrawal"] if threshold.counts_withdrawals else [])]
    kinds += ["bet", "win"] if threshold.counts_play else []
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, {"player": player.pk, "kinds": kinds, "since": now - threshold.window, "now": now})
        rows = cursor.fetchall()
    by_kind: dict[str, Decimal] = {}
    for kind, currency, units in rows:
        value = value_in(Money(int(units), currency), threshold.currency)
        # No rate known: taken for enough, so that nobody passes unseen in an exotic currency.
        by_kind[kind] = by_kind.get(kind, Decimal(0)) + (threshold.amount if value is None else value)
    # Deposits and withdrawals are thresholds of their own: the larger one counts, not their sum.
    value = max(by_kind.values(), default=Decimal(0))
    return {
        "value": f"{value:.2f}",
        "currency": threshold.currency,
        "units": [[kind, currency, int(units)] for kind, currency, units in sorted(rows)],
    }


@transaction.atomic
def close_if_met(*, player_id: int, now: datetime) -> bool:
    """End a due diligence that locks nothing once all is known; locked money waits for two people."""
    lock_player(player_id)
    diligence = (
        DueDiligence.objects.select_for_update(no_key=True, of=("self",))
        .select_related("player__brand")
        .filter(player_id=player_id, state=DueDiligence.State.OPEN, locks_funds=False)
        .first()
    )
    if diligence is None or not set(CDD_FACTS) <= proven_kinds(player_id, now):
        return False
    diligence.meet(at=now)
    diligence.save(update_fields=["state", "closed_at"])
    _tell(diligence, diligence.player, "met", now)
    return True


def release_funds(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """
    Let the money go, as two people agreed.

    :raises FundsNotLocked: if the lock has ended
    :raises DueDiligenceNotMet: if a fact is missing or no longer valid
    """
    diligence = _locked(int(payload["due_diligence"]))
    missing = [kind for kind in CDD_FACTS if kind not in proven_kinds(diligence.player_id, now)]
    if missing:
        raise DueDiligenceNotMet(f"Still missing: {', '.join(missing)}.")
    if diligence.state != DueDiligence.State.OPEN:
        raise FundsNotLocked
    diligence.meet(at=now)
    diligence.save(update_fields=["state", "closed_at"])
    moved = _unlock_money(diligence, now)
    _tell(diligence, diligence.player, "released", now, moved=moved)
    return {"moved": moved, "maker": maker.get_username(), "checker": checker.get_username()}


def refund_funds(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """
    Send the money back to where it came from, as two people agreed: it stays locked until payments has sent it.

    :raises FundsNotLocked: if the lock has ended, or the refund is under way
    """
    diligence = _locked(int(payload["due_diligence"]))
    if diligence.state != DueDiligence.State.OPEN:
        raise FundsNotLocked
    diligence.fail()
    diligence.save(update_fields=["state"])
    _tell(diligence, diligence.player, "refund_due", now)
    return {"maker": maker.get_username(), "checker": checker.get_username()}


def refundable_units(diligence: DueDiligence) -> dict[str, int]:
    """Say how much is locked for a due diligence, in ledger units by currency; what was restricted before is not."""
    before: dict[str, int] = diligence.measured.get("restricted_before", {})
    locked = {each: units - int(before.get(each, 0)) for each, units in _restricted(diligence.player_id).items()}
    return {currency: units for currency, units in sorted(locked.items()) if units > 0}


def take_for_refund(*, due_diligence_id: int, money: Money, now: datetime) -> Any:
    """
    Move locked money into the bucket of money on its way out, for a refund to source; for payments to call.

    :returns: id of the ledger transaction, of kind `withdrawal`
    :raises FundsNotLocked: if no refund is due
    :raises InsufficientFunds: if less is locked
    """
    with transaction.atomic():
        diligence = _locked(due_diligence_id)
        if diligence.state != DueDiligence.State.REFUND_DUE:
            raise FundsNotLocked
        accounts = _accounts(diligence.player, money.currency)
        return post(
            kind=TransactionKind.WITHDRAWAL,
            brand_id=diligence.player.brand_id,
            currency=money.currency,
            player_id=diligence.player_id,
            legs=[Leg(accounts.restricted, accounts.locked, money.units)],
            details={"due_diligence": str(diligence.public_id), "what": "refund to source"},
            now=now,
        )


@transaction.atomic
def finish_refund(*, due_diligence_id: int, now: datetime) -> DueDiligence:
    """End a refund; for payments to call when nothing is left to send. :raises FundsNotLocked: if none is due."""
    diligence = _locked(due_diligence_id)
    if diligence.state != DueDiligence.State.REFUND_DUE:
        raise FundsNotLocked
    diligence.refund(at=now)
    diligence.save(update_fields=["state", "closed_at"])
    _tell(diligence, diligence.player, "refunded", now)
    return diligence


def require_locked(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the signature of approvals
    """Say whether the lock that a request is about still stands. :raises FundsNotLocked: if not."""
    pk = int(payload["due_diligence"])
    if not DueDiligence.objects.filter(pk=pk, state=DueDiligence.State.OPEN, locks_funds=True).exists():
        raise FundsNotLocked


def _locked(due_diligence_id: int) -> DueDiligence:
    found = DueDiligence.objects.filter(pk=due_diligence_id).values_list("player_id", flat=True).first()
    if found is None:
        raise FundsNotLocked
    lock_player(found)
    return (
        DueDiligence.objects.select_for_update(no_key=True, of=("self",))
        .select_related("player__brand")
        .get(pk=due_diligence_id)
    )


def _lock_money(diligence: DueDiligence, player: Player, now: datetime) -> None:
    """Whatever is withdrawable becomes playable only. What is won or paid in later is swept in by the same way."""
    if not diligence.locks_funds:
        return
    for currency in _currencies(player.pk):
        lock_wallet(player_id=player.pk, currency=currency)
        accounts = _accounts(player, currency)
        cash = Account.objects.values_list("balance", flat=True).get(pk=accounts.cash)
        if cash > 0:
            _move(diligence, player, currency, Leg(accounts.cash, accounts.restricted, cash), now, what="lock")


def _unlock_money(diligence: DueDiligence, now: datetime) -> list[list[Any]]:
    """What was restricted for other reasons before stays so."""
    player, moved = diligence.player, []
    before: dict[str, int] = diligence.measured.get("restricted_before", {})
    for currency in _currencies(player.pk):
        lock_wallet(player_id=player.pk, currency=currency)
        accounts = _accounts(player, currency)
        restricted = Account.objects.values_list("balance", flat=True).get(pk=accounts.restricted)
        units = restricted - min(restricted, int(before.get(currency, 0)))
        if units > 0:
            _move(diligence, player, currency, Leg(accounts.restricted, accounts.cash, units), now, what="release")
            moved.append([currency, units])
    return moved


def _move(diligence: DueDiligence, player: Player, currency: str, leg: Leg, now: datetime, *, what: str) -> None:
    transaction_id = post(
        kind=TransactionKind.CORRECTION,
        brand_id=player.brand_id,
        currency=currency,
        player_id=player.pk,
        legs=[leg],
        details={"due_diligence": str(diligence.public_id), "what": what},
        now=now,
    )
    units = leg.amount if what == "lock" else -leg.amount
    FundsMove.objects.create(
        due_diligence=diligence, currency=currency, units=units, transaction_id=transaction_id, at=now
    )


def _accounts(player: Player, currency: str) -> Any:
    return open_player_accounts(player_id=player.pk, brand_id=player.brand_id, currency=currency)


def _currencies(player_id: int) -> list[str]:
    rows = Account.objects.filter(player_id=player_id, kind=AccountKind.CASH).order_by("currency")
    return list(rows.values_list("currency", flat=True))


def _restricted(player_id: int) -> dict[str, int]:
    rows = Account.objects.filter(player_id=player_id, kind=AccountKind.RESTRICTED)
    return dict(rows.values_list("currency", "balance"))


def _ask_for_documents(player: Player, now: datetime) -> None:
    try:
        open_request(player=player, level=Verification.Level.IDENTITY, trigger="cdd-threshold", now=now)
    except NoIdentityVendor:
        log.error("no_identity_vendor_at_threshold", player_id=player.pk, brand=player.brand.code)  # noqa: TRY400


def _tell(diligence: DueDiligence, player: Player, what: str, now: datetime, **more: Any) -> None:
    record_fact(
        kind=f"verification.due_diligence.{what}",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(diligence.public_id),
        data={"threshold": diligence.threshold, "locks_funds": diligence.locks_funds, **more},
        now=now,
    )
