"""Requests and replies of the Hub88 family as they stand in JSON, decoded strictly and in one step."""

from typing import Annotated

import msgspec

from apps.core.currencies import UnknownCurrency, currency_spec

SCALE_EXPONENT = 5
"""Amounts are integers: the amount × 100 000."""

_MAX_AMOUNT = 9 * 10**15
"""A bound that no currency needs: 9 × 10^10 main units, and in the finest ledger unit (10^-8) still a bigint."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[^\x00]*\Z")]
Amount = Annotated[int, msgspec.Meta(ge=0, le=_MAX_AMOUNT)]


class UnscalableAmount(ValueError):
    """The amount does not fit the ledger unit of its currency exactly, or its currency is unknown."""


class Money(msgspec.Struct, kw_only=True):
    """What every bet and win has in common."""

    token: Id
    transaction_uuid: Id
    request_uuid: Id
    round: Id
    round_closed: bool
    game_code: Id
    currency: Id
    amount: Amount
    is_free: bool
    user: Id | None = None
    supplier_user: str | None = None
    reward_uuid: str | None = None
    campaign_uuid: str | None = None
    supplier_transaction_id: str | None = None
    is_supplier_promo: bool = False
    bet: str | None = None


class Bet(Money, kw_only=True):
    """`/transaction/bet`, `/wallet/bet`."""


class Win(Money, kw_only=True):
    """`/transaction/win`, `/wallet/win`."""

    reference_transaction_uuid: Id
    jackpot_win: Amount | None = None


class Rollback(msgspec.Struct, kw_only=True):
    """`/transaction/rollback`, `/wallet/rollback`: it says neither amount nor currency."""

    token: Id
    transaction_uuid: Id
    request_uuid: Id
    reference_transaction_uuid: Id
    round: Id
    round_closed: bool
    game_code: Id
    user: Id | None = None
    is_free: bool | None = None


class Balance(msgspec.Struct, kw_only=True):
    """`/user/balance`, `/wallet/balance`."""

    token: Id
    request_uuid: Id
    game_code: Id
    user: Id | None = None
    supplier_user: str | None = None


class Info(msgspec.Struct, kw_only=True):
    """`/user/info`."""

    user: Id
    request_uuid: Id


class Check(msgspec.Struct, kw_only=True):
    """`/wallet/check`: exchange a token for a new one."""

    token: Id


class Reply(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Every reply of the wallet. Fields that are not known, or not wanted, are left out."""

    status: str
    request_uuid: str | None = None
    user: str | None = None
    currency: str | None = None
    balance: int | None = None


class _OnlyRequest(msgspec.Struct):
    request_uuid: str | None = None


def request_uuid_of(body: bytes) -> str:
    """The request's id for the echo in a refusal, read without trusting the rest; empty where there is none."""
    try:
        return (msgspec.json.decode(body, type=_OnlyRequest).request_uuid or "")[:255]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def ledger_units(amount: int, currency: str) -> int:
    """
    Convert amount × 100 000 to ledger units of the currency.

    :raises UnscalableAmount: if the currency is unknown, or its ledger unit is too coarse
    """
    try:
        ledger_exponent = currency_spec(currency).ledger_exponent
    except UnknownCurrency as error:
        raise UnscalableAmount(currency) from error
    if ledger_exponent < SCALE_EXPONENT:
        raise UnscalableAmount(f"{currency} has a ledger unit coarser than 10^-{SCALE_EXPONENT}")
    return amount * int(10 ** (ledger_exponent - SCALE_EXPONENT))


def wire_amount(units: int, currency: str) -> int:
    """Convert ledger units to amount × 100 000. A rest below 0.00001 is not shown: never more than the player has."""
    return units // int(10 ** (currency_spec(currency).ledger_exponent - SCALE_EXPONENT))
