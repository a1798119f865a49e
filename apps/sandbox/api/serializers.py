"""Reads and writes the JSON of the sandbox endpoints, whose field names are fixed by their contract."""
# ruff: noqa: N815 - the contract names its fields like that

import re
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.core import clock
from apps.core.api.parsers import StrictJSONParser
from apps.core.currencies import UnknownCurrency, currency_spec
from apps.core.money import AmountNotExact, Money, MoneyError
from apps.players.models import Player
from apps.sandbox.statements import Posting, balances_by_currency, postings_of

_PLAIN_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,30})?", re.ASCII)


class ExactJSONParser(StrictJSONParser):
    """JSON whose numbers keep every digit they were written with."""

    parse_float = Decimal


class AmountField(serializers.Field[Decimal, Any, str, Any]):
    """A non-negative decimal number in main units; a plain decimal string is read as well."""

    default_error_messages = {"invalid": "Expected a decimal number that is not negative."}

    def to_internal_value(self, data: Any) -> Decimal:
        """Read the number, exactly as it was written."""
        if isinstance(data, str) and _PLAIN_DECIMAL.fullmatch(data):
            return Decimal(data)
        if isinstance(data, bool) or not isinstance(data, int | Decimal) or data < 0:
            self.fail("invalid")
        return Decimal(data)

    def to_representation(self, value: Decimal) -> str:
        """Never written."""
        return str(value)


class SessionRequest(serializers.Serializer[Any]):
    """Body of `POST /sandbox/session`."""

    provider = serializers.CharField()
    userId = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=50)
    currency = serializers.CharField(required=False, default="EUR")
    cashAmount = AmountField(required=False, allow_null=True)
    promoAmount = AmountField(required=False, allow_null=True)
    isBlocked = serializers.BooleanField(required=False, allow_null=True, default=None)
    gameId = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=120)

    def validate_currency(self, code: str) -> str:
        """Refuse currencies that no wallet can hold."""
        try:
            return currency_spec(code).code
        except UnknownCurrency:
            raise serializers.ValidationError("Unknown currency.", code="unknown_currency") from None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Turn both amounts into money of the session's currency; what does not fit exactly is refused."""
        for name in ("cashAmount", "promoAmount"):
            if attrs.get(name) is not None:
                attrs[name] = _money(name, attrs[name], attrs["currency"])
        return attrs


class SidRequest(serializers.Serializer[Any]):
    """Body of `POST /sandbox/evolution/sid`."""

    userId = serializers.CharField(max_length=50)


class ClockRequest(serializers.Serializer[Any]):
    """Body of `POST /sandbox/clock`."""

    advance_seconds = serializers.FloatField(min_value=0, max_value=clock.MAX_OFFSET.total_seconds())


def _money(field: str, amount: Decimal, currency: str) -> Money:
    try:
        return Money.from_decimal(amount, currency, precision="ledger")
    except AmountNotExact as error:
        message = f"At most {error.decimals} decimals in {currency}."
        raise serializers.ValidationError({field: [message]}, code="too_precise") from None
    except MoneyError:
        raise serializers.ValidationError({field: ["Not an amount the ledger can hold."]}, code="invalid") from None


def player_document(player: Player) -> dict[str, Any]:
    """Answer of `GET /sandbox/players/{userId}`."""
    return {
        "userId": str(player.public_id),
        "status": player.status,
        "balances": {
            currency: {bucket: _plain(money) for bucket, money in wallet.items()}
            for currency, wallet in balances_by_currency(player).items()
        },
        "transactions": [_posting(posting) for posting in postings_of(player)],
    }


def _posting(posting: Posting) -> dict[str, Any]:
    return {
        "id": str(posting.transaction_id),
        "kind": posting.kind,
        "external_id": posting.external_id,
        "round": posting.round,
        "amount": _plain(posting.amount),
        "currency": posting.amount.currency,
        "bucket": posting.bucket,
        "created_at": posting.created_at.isoformat().replace("+00:00", "Z"),
    }


def _plain(money: Money) -> str:
    """The contract writes nothing as `0`, everything else with its currency's decimals."""
    return money.format() if money else "0"
