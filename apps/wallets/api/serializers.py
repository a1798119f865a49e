"""The JSON of wallets and of the history of a player's money."""

from typing import Any

from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.core.money import Money
from apps.transactions.models import PLAYER_KINDS, TransactionKind
from apps.wallets.history import Movement
from apps.wallets.queries import WalletBalance

_CASH = "Paid in or won: may be played and withdrawn."
_BONUS = "May be played under the terms of a bonus."
_LOCKED = "Set aside for withdrawals under way."
_RESTRICTED = "May be played, not withdrawn."


class WalletSerializer(serializers.Serializer[WalletBalance]):
    """The player's money in one currency, by bucket."""

    currency = serializers.CharField()
    cash = MoneyField(help_text=_CASH)
    bonus = MoneyField(help_text=_BONUS)
    locked = MoneyField(help_text=_LOCKED)
    restricted = MoneyField(help_text=_RESTRICTED)
    playable = MoneyField(help_text="What can be staked: cash, bonus and restricted together.")
    withdrawable = MoneyField(help_text="What can be paid out.")
    in_play = MoneyField(
        help_text="Stakes in rounds that are still open: in none of the buckets. `GET rounds?state=open` lists them."
    )

    def to_representation(self, instance: WalletBalance) -> dict[str, Any]:
        """Ledger units become Money; the context holds `in_play` by currency."""
        amounts = ("cash", "bonus", "locked", "restricted", "playable", "withdrawable")
        staked = Money(self.context["in_play"].get(instance.currency, 0), instance.currency)
        return {
            "currency": instance.currency,
            **{name: instance.money(name).to_json() for name in amounts},
            "in_play": staked.to_json(),
        }


class WalletPageSerializer(serializers.Serializer[Any]):
    """Every wallet, in the form of a page of a list."""

    results = WalletSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null: there is one page.")
    previous = serializers.CharField(allow_null=True, help_text="Always null.")


class BucketChangesSerializer(serializers.Serializer[Movement]):
    """The signed change of each bucket."""

    cash = MoneyField(help_text=_CASH)
    bonus = MoneyField(help_text=_BONUS)
    locked = MoneyField(help_text=_LOCKED)
    restricted = MoneyField(help_text=_RESTRICTED)

    def to_representation(self, instance: Movement) -> dict[str, Any]:
        """Ledger units become Money."""
        return {bucket.value: instance.change(bucket).to_json() for bucket in PLAYER_KINDS}


class MovementSerializer(serializers.Serializer[Movement]):
    """What one transaction did to the player's money. Signed: a bet is negative, a win positive."""

    id = serializers.CharField(help_text="Opaque. Quote it to support.")
    kind = serializers.ChoiceField(choices=TransactionKind.choices)
    amount = MoneyField(help_text="The change of all buckets together; zero where money only moved between them.")
    buckets = BucketChangesSerializer(source="*")
    round = serializers.CharField(source="round_id", allow_null=True, help_text="The game round it belongs to, if any.")
    reverses = serializers.CharField(
        source="reverses_id", allow_null=True, help_text="The transaction that this one takes back, if any."
    )
    created_at = serializers.DateTimeField()


class MovementFilterSerializer(serializers.Serializer[Any]):
    """What the history may be narrowed to."""

    kind = serializers.ChoiceField(choices=TransactionKind.choices, required=False, help_text="Only of this kind.")
    currency = serializers.RegexField(r"^[A-Z0-9]{3,8}$", required=False, help_text="Only in this currency.")
