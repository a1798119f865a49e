"""Deposits against limits: headroom reserved when one begins, kept when it settles, given back when it fails."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db import connection, transaction

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.core.request_context import current_request_id
from apps.players.models import Player
from apps.safer_play import rules
from apps.safer_play.admissions import require_admitted
from apps.safer_play.guarding import lock_player_with_law
from apps.safer_play.ledger import ledger_floor
from apps.safer_play.limits import apply_due_changes
from apps.safer_play.models import DepositUse, Limit, Refusal
from apps.safer_play.windows import limits_in_force, usage_of


class DepositLimitReached(DomainError):
    """
    The deposit goes beyond a limit.

    `limit` says which one binds (the one with the least room), `headroom` how much could be deposited now, and
    `returns_at` when there is room again.
    """

    code: ClassVar[str] = "deposit-limit-reached"
    title: ClassVar[str] = "The deposit goes beyond a limit"
    status: ClassVar[int] = 403

    def __init__(self, detail: str, *, extensions: dict[str, Any], refusal: Refusal) -> None:
        super().__init__(detail, extensions=extensions)
        self.refusal = refusal


class DepositLimitMissing(DomainError):
    """
    A deposit limit in this currency has to be set first (`PUT limits`).

    Either the law allows no deposits without one, or the player has one in another currency, which would be walked
    around.
    """

    code: ClassVar[str] = "deposit-limit-missing"
    title: ClassVar[str] = "A deposit limit has to be set first"
    status: ClassVar[int] = 403


class DepositUseUnknown(LookupError):
    """No headroom was ever reserved under that key."""


@dataclass(frozen=True, slots=True)
class _Binding:
    """One limit as a deposit meets it; a statutory cap is one without a row."""

    set_by: str
    period: str
    amount: Money
    headroom: int
    returns_at: datetime | None
    limit: Limit | None = None
    version_id: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": "deposit", "period": self.period, "set_by": self.set_by, "amount": self.amount.to_json()}


def reserve_deposit(*, player: Player, deposit_key: str, money: Money, now: datetime) -> None:
    """
    Take a deposit's amount out of every limit that applies, in the caller's transaction; once for each key.

    The player's row is locked until that transaction ends, so two deposits can not both take the last of the headroom.

    :raises PlayerExcluded: during an exclusion
    :raises RegisterUnavailable: where the law wants a register asked that has not answered
    :raises DepositLimitMissing: where the law wants a limit first
    :raises DepositLimitReached: with the binding limit; nothing is reserved
    """
    refusal = _reserve(player, deposit_key, money, now)
    if refusal is not None:
        raise refusal


@transaction.atomic
def _reserve(player: Player, deposit_key: str, money: Money, now: datetime) -> DomainError | None:
    player = lock_player_with_law(player.pk)
    known = DepositUse.objects.filter(deposit_key=deposit_key).first()
    if known is not None:
        return None
    require_admitted(player, now=now)
    apply_due_changes(player=player, now=now)
    bindings = deposit_bindings(player, currency=money.currency, now=now)
    if not any(each.limit for each in bindings) and _needs_limit(player, now):
        return DepositLimitMissing()
    tightest = min(bindings, key=lambda each: each.headroom, default=None)
    if tightest is not None and tightest.headroom < money.units:
        return _reached(player, tightest, money, now)
    DepositUse.objects.create(
        deposit_key=deposit_key, player=player, currency=money.currency, units=money.units, reserved_at=now
    )
    return None


@transaction.atomic
def count_deposit(*, player: Player, deposit_key: str, money: Money, now: datetime) -> None:
    """
    Count money that came without having been announced, whatever the limits say; once for each key.

    A cashier may have moved it before it asked: then it is the player's, and it counts.
    """
    lock_player_with_law(player.pk)
    use, is_new = DepositUse.objects.get_or_create(
        deposit_key=deposit_key,
        defaults={"player": player, "currency": money.currency, "units": money.units, "reserved_at": now},
    )
    if is_new:
        use.settle(units=money.units, at=now)
        use.save(update_fields=["state", "units", "closed_at"])


def settle_deposit(*, deposit_key: str, units: int, now: datetime) -> None:
    """
    Let a deposit's reservation stand with what really came, in ledger units; also after it was released. Repeatable.

    Money that has come is never refused: more than was reserved, or late, it counts all the same.

    :raises DepositUseUnknown: if nothing was reserved under that key
    """
    with transaction.atomic(savepoint=False):
        use = _locked(deposit_key)
        if use is not None and use.state != DepositUse.State.SETTLED:
            use.settle(units=units, at=now)
            use.save(update_fields=["state", "units", "closed_at"])
    if use is None:
        raise DepositUseUnknown(deposit_key)


def release_deposit(*, deposit_key: str, now: datetime) -> None:
    """
    Give a failed deposit's reservation back. Repeatable; a settled deposit stays counted (gross is gross).

    :raises DepositUseUnknown: if nothing was reserved under that key
    """
    with transaction.atomic(savepoint=False):
        use = _locked(deposit_key)
        if use is not None and use.state == DepositUse.State.RESERVED:
            use.release(at=now)
            use.save(update_fields=["state", "closed_at"])
    # Outside, so that a caller may go on in a transaction of its own.
    if use is None:
        raise DepositUseUnknown(deposit_key)


def note_refusal(error: DepositLimitReached) -> None:
    """Record a refused deposit; once the caller's transaction is rolled back, or the record would go with it."""
    error.refusal.save(force_insert=True)


def _needs_limit(player: Player, now: datetime) -> bool:
    if rules.must_have_limit(player, now):
        return True
    return any(limit.kind == Limit.Kind.DEPOSIT for limit in limits_in_force(player.pk, now=now))


def deposit_bindings(player: Player, *, currency: str, now: datetime) -> list[_Binding]:
    """Every deposit limit that binds in a currency: the player's, the operator's and the law's, with its headroom."""
    found = [
        _of_limit(limit, now)
        for limit in limits_in_force(player.pk, now=now)
        if limit.kind == Limit.Kind.DEPOSIT and limit.currency == currency
    ]
    return [*found, *_caps(player, currency, now)]


def _of_limit(limit: Limit, now: datetime) -> _Binding:
    usage = usage_of(limit, now=now)
    amount = Money(limit.size, limit.currency)
    return _Binding(
        limit.set_by, limit.period, amount, usage.headroom, usage.returns_at, limit, limit.policy_version_id
    )


def _caps(player: Player, currency: str, now: datetime) -> list[_Binding]:
    bindings = []
    for cap in rules.statutory_caps(player, now):
        if cap.money.currency == currency:
            used, ends = _used_of_calendar(player, currency, cap.period, now)
            headroom = cap.money.units - used
            bindings.append(_Binding("statute", cap.period, cap.money, headroom, ends, None, cap.version_id))
    return bindings


def _used_of_calendar(player: Player, currency: str, period: str, now: datetime) -> tuple[int, datetime]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT safer_play_deposited(%s, %s, w.window_from, false, %s), w.window_to"
            " FROM safer_play_window(%s, 'calendar', %s, %s, %s) w",
            [player.pk, currency, ledger_floor(now), period, now, player.jurisdiction.timezone, now],
        )
        return cursor.fetchone()  # type: ignore[no-any-return]


def _reached(player: Player, binding: _Binding, money: Money, now: datetime) -> DepositLimitReached:
    headroom = Money(max(binding.headroom, 0), money.currency)
    returns_at = binding.returns_at.isoformat() if binding.returns_at else None
    refusal = Refusal(
        player=player,
        subject=Refusal.Subject.DEPOSIT,
        rule="deposit",
        limit_id=binding.limit.pk if binding.limit else None,
        period=binding.period,
        currency=money.currency,
        asked_units=money.units,
        headroom_units=max(binding.headroom, 0),
        returns_at=binding.returns_at,
        policy_version_id=binding.version_id,
        request_id=current_request_id(),
        refused_at=now,
    )
    return DepositLimitReached(
        f"The {binding.period} limit of {binding.amount} leaves {headroom}.",
        extensions={"limit": binding.to_json(), "headroom": headroom.to_json(), "returns_at": returns_at},
        refusal=refusal,
    )


def _locked(deposit_key: str) -> DepositUse | None:
    return DepositUse.objects.select_for_update().filter(deposit_key=deposit_key).first()
