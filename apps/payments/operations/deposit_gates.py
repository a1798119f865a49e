"""What has a say in a deposit when it begins, settles and ends: status, identity, monitoring, limits, exclusion."""

import contextlib
from datetime import datetime

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.monitoring.gate import gate as ask_monitoring
from apps.payments.models import Deposit
from apps.players.models import Player
from apps.safer_play.deposits import DepositUseUnknown, count_deposit, release_deposit, reserve_deposit, settle_deposit
from apps.safer_play.exclusions import is_excluded
from apps.verification.gates import Purpose
from apps.verification.requirements import require_known


class DepositsBlocked(DomainError):
    """The account may not deposit at the moment."""

    code = "deposits-blocked"
    title = "Deposits are not possible on this account"
    status = 403


def may_begin(*, player: Player, money: Money, method: str, now: datetime) -> None:
    """
    Ask, before anything is written and outside a transaction, whether a player may deposit.

    What monitoring holds or blocks stays in its alert, whatever the player is told.

    :raises DepositsBlocked: by the player's status or restrictions, or by monitoring, in neutral words
    :raises KycRequired: if his law wants something proven first
    """
    if not may_deposit(player) or not player.brand.is_enabled:
        raise DepositsBlocked
    require_known(player=player, purpose=Purpose.DEPOSIT, now=now, money=money)
    decision = ask_monitoring(purpose="deposit", player=player, facts={"money": money, "method": method}, now=now)
    if not decision.passes:
        raise DepositsBlocked(decision.player_reason)


def begun(deposit: Deposit, *, now: datetime) -> None:
    """
    Reserve what a deposit will use of the player's limits, in the transaction that creates it.

    Whoever refuses here raises a `DomainError`: then there is no deposit, and no provider is asked.

    :raises PlayerExcluded: during an exclusion
    :raises RegisterUnavailable: where the law wants a register asked that has not answered
    :raises DepositLimitMissing: where the law wants a limit first
    :raises DepositLimitReached: with the binding limit
    """
    reserve_deposit(player=deposit.player, deposit_key=_key(deposit), money=deposit.money, now=now)


def settled(deposit: Deposit, *, units: int, now: datetime) -> str:
    """
    Count what came, in the transaction that posts it, and say why it should not have come; empty if all is well.

    The money is the player's in any case: a provider's word is not refused. The reason makes an incident of it.
    """
    try:
        settle_deposit(deposit_key=_key(deposit), units=units, now=now)
    except DepositUseUnknown:
        # The cashier moved money without asking first.
        count_deposit(player=deposit.player, deposit_key=_key(deposit), money=Money(units, deposit.currency), now=now)
    if is_excluded(deposit.player_id, now=now):
        return "excluded"
    return "" if may_deposit(deposit.player) else "player-status"


def released(deposit: Deposit, *, now: datetime) -> None:
    """Give back what a deposit had reserved, in the transaction that ends it without money."""
    with contextlib.suppress(DepositUseUnknown):
        release_deposit(deposit_key=_key(deposit), now=now)


def may_deposit(player: Player) -> bool:
    """Whether a player's status lets money in."""
    return player.status in ("active", "restricted") and "deposit" not in player.restrictions


def _key(deposit: Deposit) -> str:
    return str(deposit.public_id)
