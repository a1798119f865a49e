"""Requests and replies of Evolution One Wallet as they stand in JSON. Amounts are JSON numbers, read as written."""

from decimal import Decimal
from typing import Annotated

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*\Z")]
Text = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*\Z")]


class Base(msgspec.Struct, kw_only=True):
    """What every request has."""

    sid: Id
    userId: Id  # noqa: N815 - the protocol's name
    uuid: Text | None = None


class Check(Base, kw_only=True):
    """`/check`: `channel` is not needed."""


class Balance(Base, kw_only=True):
    """`/balance`."""

    currency: Id


class Table(msgspec.Struct, kw_only=True):
    """Where the game is played; `id` is the code of our catalogue."""

    id: Text = ""


class Details(msgspec.Struct, kw_only=True):
    """Details of a game."""

    table: Table | None = None


class Game(msgspec.Struct, kw_only=True):
    """The round. Clients built from the public Go model write `Details`."""

    id: Text = ""
    type: Text = ""
    details: Details | None = None
    capital_details: Details | None = msgspec.field(name="Details", default=None)

    @property
    def table_id(self) -> str:
        """Empty where the request does not say."""
        found = self.details or self.capital_details
        return found.table.id if found and found.table else ""


class Transaction(msgspec.Struct, kw_only=True):
    """`id` is this call's, `refId` the bet's."""

    id: Id
    refId: Id  # noqa: N815 - the protocol's name
    amount: msgspec.Raw


class Move(Base, kw_only=True):
    """`/debit`, `/credit`, `/cancel`."""

    currency: Id
    game: Game
    transaction: Transaction


class PromoTransaction(msgspec.Struct, kw_only=True):
    """A payout without a bet."""

    id: Id
    amount: msgspec.Raw
    type: Text = ""
    voucherId: Text | None = None  # noqa: N815 - the protocol's name
    remainingRounds: int | None = None  # noqa: N815 - the protocol's name


class Promo(Base, kw_only=True):
    """`/promo_payout`."""

    currency: Id
    promoTransaction: PromoTransaction  # noqa: N815 - the protocol's name
    game: Game | None = None


class Reply(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The standard reply, and that of `/check`. What is not known is left out."""

    status: str
    balance: Decimal | None = None
    bonus: Decimal | None = None
    sid: str | None = None
    uuid: str | None = None
    retransmission: bool | None = None


class _OnlyUuid(msgspec.Struct):
    uuid: str | None = None


_encoder = msgspec.json.Encoder(decimal_format="number")


def encoded(reply: Reply) -> bytes:
    """JSON with amounts as numbers, every digit kept."""
    return _encoder.encode(reply)


def uuid_of(body: bytes) -> str | None:
    """The request's id for the echo in a refusal, read without trusting the rest."""
    try:
        found = msgspec.json.decode(body, type=_OnlyUuid).uuid
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return found[:200] if found else None
