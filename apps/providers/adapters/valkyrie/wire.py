"""Requests and replies of the Valkyrie PAM API as they stand in JSON. Amounts are JSON numbers."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from apps.providers.amounts import main_units

MOST_DECIMALS = 6

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[^\x00]*\Z")]
Word = Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[^\x00]*\Z")]
Currency = Annotated[str, msgspec.Meta(min_length=3, max_length=8, pattern=r"^[A-Z]+\Z")]
Kind = Literal["WITHDRAW", "DEPOSIT", "CANCEL", "PROMOWITHDRAW", "PROMODEPOSIT", "PROMOCANCEL"]


class Transaction(msgspec.Struct, kw_only=True):
    """Body of `POST transactions`. What only informs (promos, jackpots, tip, round transactions) is kept as it came."""

    currency: Currency
    provider: Word
    transactionType: Kind  # noqa: N815 - the protocol's name
    cashAmount: msgspec.Raw  # noqa: N815 - the protocol's name
    bonusAmount: msgspec.Raw  # noqa: N815 - the protocol's name
    promoAmount: msgspec.Raw  # noqa: N815 - the protocol's name
    transactionDateTime: datetime  # noqa: N815 - the protocol's name
    providerTransactionId: Id  # noqa: N815 - the protocol's name
    providerBetRef: Id | None = None  # noqa: N815 - the protocol's name
    providerGameId: Id | None = None  # noqa: N815 - the protocol's name
    providerRoundId: Id | None = None  # noqa: N815 - the protocol's name
    betCode: Word | None = None  # noqa: N815 - the protocol's name
    isGameOver: bool = False  # noqa: N815 - the protocol's name
    promos: list[dict[str, Any]] | None = None
    jackpots: list[dict[str, Any]] | None = None
    tip: dict[str, Any] | None = None
    roundTransactions: list[dict[str, Any]] | None = None  # noqa: N815 - the protocol's name


_encoder = msgspec.json.Encoder(decimal_format="number")


def encoded(document: dict[str, Any]) -> bytes:
    """JSON with amounts as numbers, every digit kept."""
    return _encoder.encode(document)


def error(code: str, message: str, *, status: str = "ERROR") -> dict[str, Any]:
    """The common wrapper of a refusal; bodies of HTTP 400 and 401 say `Error`."""
    return {"status": status, "error": {"code": code, "message": message}}


def balance(currency: str, *, cash: int, bonus: int, bonus_shown_as: str) -> dict[str, Decimal]:
    """The three amounts of a balance; there is one bonus bucket, so one of them is always 0."""
    amounts = {
        "cashAmount": main_units(cash, currency, most_decimals=MOST_DECIMALS),
        "bonusAmount": Decimal(0),
        "promoAmount": Decimal(0),
    }
    return amounts | {bonus_shown_as: main_units(bonus, currency, most_decimals=MOST_DECIMALS)}
