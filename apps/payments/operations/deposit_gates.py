"""What has a say in a deposit when it begins, settles and ends: the one place where limits and exclusion are asked."""

from datetime import datetime

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.payments.models import Deposit
from apps.players.models import Player


class DepositsBlocked(DomainError):
    """The account may not deposit at the moment."""

    code = "deposits-blocked"
    title = "Deposits are not possible on this account"
    status = 403


def may_begin(*, player: Player, money: Money, now: datetime) -> None:  # noqa: ARG001 - limits will count both
    """
    Ask, before anything is written, whether a player may deposit at all.

    :raises DepositsBlocked: by the player's status or restrictions
    """
    if not may_deposit(player) or not player.brand.is_enabled:
        raise DepositsBlocked


def begun(deposit: Deposit, *, now: datetime) -> None:
    """
    Reserve what a deposit will use of the player's limits, in the transaction that creates it.

    Whoever refuses here raises a `DomainError`: then there is no deposit, and no provider is asked.
    """


def settled(deposit: Deposit, *, units: int, now: datetime) -> str:  # noqa: ARG001 - limits will count both
    """
    Count what came, in the transaction that posts it, and say why it should not have come; empty if all is well.

    The money is the player's in any case: a provider's word is not refused. The reason makes an incident of it.
    """
    return "" if may_deposit(deposit.player) else "player-status"


def released(deposit: Deposit, *, now: datetime) -> None:
    """Give back what a deposit had reserved, in the transaction that ends it without money."""


def may_deposit(player: Player) -> bool:
    """Whether a player's status lets money in."""
    return player.status in ("active", "restricted") and "deposit" not in player.restrictions
