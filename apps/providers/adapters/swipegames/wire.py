"""Requests and replies of Swipe Games as they stand in JSON. Amounts are decimal strings in main units."""

from typing import Annotated, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[^\x00]*\Z")]
Uuid = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z")]
# The protocol's own pattern, and a bound.
Amount = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^(0|[1-9][0-9]*)(\.[0-9]+)?\Z")]


class Move(msgspec.Struct, kw_only=True):
    """`/bet` and `/win`."""

    type: Literal["regular", "free"]
    sessionID: Id  # noqa: N815 - the protocol's name
    amount: Amount
    txID: Uuid  # noqa: N815 - the protocol's name
    roundID: Uuid  # noqa: N815 - the protocol's name
    frID: Id | None = None  # noqa: N815 - the protocol's name


class Refund(msgspec.Struct, kw_only=True):
    """`/refund`."""

    sessionID: Id  # noqa: N815 - the protocol's name
    txID: Uuid  # noqa: N815 - the protocol's name
    origTxID: Uuid  # noqa: N815 - the protocol's name
    amount: Amount
    roundID: Uuid | None = None  # noqa: N815 - the protocol's name


class Reply(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Success."""

    balance: str
    txID: str | None = None  # noqa: N815 - the protocol's name


class ErrorReply(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Refusal."""

    message: str
    code: str = ""
    action: str = ""
    details: str = ""
