"""What the player API of payments reads and shows. States of ours that would tip somebody off are told as one."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core import clock
from apps.core.api.fields import MoneyField, MoneySerializer
from apps.core.ids import uuid7_time
from apps.core.money import Money
from apps.payments.models import Deposit, Instrument, Withdrawal
from apps.payments.operations.withdrawals import may_take_back

# What a player sees of the way of a withdrawal: holding and reviewing look like any other work.
WITHDRAWAL_STATES = {
    Withdrawal.State.REQUESTED: "requested",
    Withdrawal.State.PAID: "paid",
    Withdrawal.State.FAILED: "failed",
    Withdrawal.State.RETURNED: "returned",
    Withdrawal.State.REJECTED: "rejected",
    Withdrawal.State.CANCELLED: "cancelled",
}
_IN_BETWEEN = "processing"


class DepositRequestSerializer(serializers.Serializer[Any]):
    """A deposit to be started."""

    amount = MoneyField()
    method = serializers.RegexField(r"^[A-Za-z0-9_-]{1,40}$", help_text="Code of a method, from `GET payment-methods`.")
    integration = serializers.RegexField(
        r"^[A-Za-z0-9_-]{1,64}$", required=False, help_text="Only by this provider; otherwise the best one is chosen."
    )


class NextStepSerializer(serializers.Serializer[Any]):
    """What the frontend does now."""

    type = serializers.CharField(help_text="`redirect` to `url`, show the `address`, or `wait`.")
    url = serializers.URLField(required=False)
    address = serializers.CharField(required=False, help_text="To send a crypto currency to.")
    tag = serializers.CharField(required=False)
    currency = serializers.CharField(required=False)


class DepositSerializer(serializers.Serializer[Deposit]):
    """A deposit as its player sees it."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.ChoiceField(choices=Deposit.State.choices)
    amount = MoneyField(source="money", help_text="As it was asked for.")
    settled = serializers.SerializerMethodField(help_text="What came; may differ from what was asked for.")
    method = serializers.CharField(source="method_id")
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    next = serializers.SerializerMethodField()

    @extend_schema_field(MoneySerializer(allow_null=True))
    def get_settled(self, deposit: Deposit) -> dict[str, str] | None:
        """What came."""
        return Money(deposit.settled_units, deposit.currency).to_json() if deposit.settled_units else None

    @extend_schema_field(NextStepSerializer)
    def get_next(self, deposit: Deposit) -> dict[str, str]:
        """What the frontend does now; nothing but wait once the deposit is past that."""
        is_open = deposit.state in (Deposit.State.INITIATED, Deposit.State.PENDING)
        step: dict[str, str] | None = deposit.next_step if is_open else None
        return step or {"type": "wait"}


class WithdrawalRequestSerializer(serializers.Serializer[Any]):
    """A withdrawal to be made."""

    amount = MoneyField()
    instrument = serializers.CharField(
        max_length=64, help_text="Id of one of my instruments, from `GET payment-methods`, or the code of a method."
    )


class WithdrawalPlanRequestSerializer(serializers.Serializer[Any]):
    """What is to be withdrawn, as a query."""

    amount = serializers.CharField(max_length=40)
    currency = serializers.CharField(max_length=8)
    instrument = serializers.CharField(max_length=64, required=False, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Put amount and currency together."""
        terms = {"amount": attrs["amount"], "currency": attrs["currency"]}
        try:
            money = MoneyField().run_validation(terms)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"amount": error.detail}) from error
        return {"money": money, "instrument": attrs["instrument"]}


class WithdrawalPartSerializer(serializers.Serializer[Any]):
    """A part that goes back to where it came from."""

    instrument = serializers.UUIDField()
    method = serializers.CharField()
    masked = serializers.CharField()
    amount = MoneyField()


class WithdrawalPlanSerializer(serializers.Serializer[Any]):
    """Into which withdrawals an amount is to be divided."""

    parts = WithdrawalPartSerializer(many=True)
    rest = MoneyField(
        allow_null=True, help_text="What came from none of my instruments: to one that is known to be mine. Or null."
    )


class WithdrawalSerializer(serializers.Serializer[Withdrawal]):
    """A withdrawal as its player sees it."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.SerializerMethodField(
        help_text="`requested`, `processing`, `paid`, `failed`, `returned`, `rejected` or `cancelled`."
    )
    amount = MoneyField(source="money")
    method = serializers.CharField(source="method_id")
    instrument = serializers.UUIDField(source="instrument.public_id", allow_null=True, default=None)
    reason = serializers.CharField(
        source="player_reason", help_text="A code, where something is asked of you; or empty."
    )
    is_cancellable = serializers.SerializerMethodField()
    requested_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)

    def get_state(self, withdrawal: Withdrawal) -> str:
        """What a player is told of its state."""
        return WITHDRAWAL_STATES.get(Withdrawal.State(withdrawal.state), _IN_BETWEEN)

    def get_is_cancellable(self, withdrawal: Withdrawal) -> bool:
        """Whether it may be taken back as it stands."""
        return withdrawal.state in Withdrawal.CANCELLABLE and may_take_back(withdrawal.player, now=clock.now())


class OwnInstrumentSerializer(serializers.ModelSerializer[Instrument]):
    """One of my accounts, cards or wallets, as I see it. Whether it is known to be mine is told; why not is not."""

    id = serializers.UUIDField(source="public_id")
    method = serializers.CharField(source="method_id")
    is_verified = serializers.BooleanField(help_text="It is known to be mine.")
    added_at = serializers.SerializerMethodField()

    class Meta:
        """No token, no holder, no score: they are not the player's to know."""

        model = Instrument
        fields = ("id", "method", "masked", "is_verified", "last_used_at", "added_at")

    @extend_schema_field(serializers.DateTimeField())
    def get_added_at(self, instrument: Instrument) -> datetime:
        """When it became known here: its id begins with its time."""
        return uuid7_time(instrument.public_id)


class InstrumentRequestSerializer(serializers.Serializer[Any]):
    """An address to be added."""

    method = serializers.RegexField(r"^[A-Za-z0-9_-]{1,40}$", help_text="Code of a method, from `GET payment-methods`.")
    currency = serializers.RegexField(r"^[A-Z0-9]{3,8}$")
    address = serializers.CharField(max_length=120)
    tag = serializers.RegexField(r"^[A-Za-z0-9]{1,40}$", required=False, help_text="Destination tag or memo.")


class InstrumentSerializer(serializers.Serializer[Any]):
    """One of my accounts, cards or wallets."""

    id = serializers.UUIDField()
    masked = serializers.CharField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class LimitsSerializer(serializers.Serializer[Any]):
    """Smallest and largest amount in one currency."""

    currency = serializers.CharField()
    minimum = MoneyField()
    maximum = MoneyField()


class PaymentMethodSerializer(serializers.Serializer[Any]):
    """A way to pay that is open to me, in and out."""

    code = serializers.CharField()
    name = serializers.CharField()
    deposits = LimitsSerializer(many=True)
    withdrawals = LimitsSerializer(many=True)
    instruments = InstrumentSerializer(many=True)
