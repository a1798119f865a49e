"""What the player API of safer play reads and shows."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import MoneyField, MoneySerializer
from apps.core.money import Money
from apps.safer_play.exclusions import Kind
from apps.safer_play.limit_terms import Terms
from apps.safer_play.models import Exclusion, ExclusionVisit, Limit, Review
from apps.safer_play.overview import LimitView, SittingView
from apps.safer_play.reality_checks import LONGEST_INTERVAL_MINUTES, SHORTEST_INTERVAL_MINUTES
from apps.safer_play.reviews import DueReview
from apps.safer_play.visits import LAPSES_AFTER

_LONGEST_MINUTES = 31 * 24 * 60
_PLAYERS_KINDS = ((Kind.TIME_OUT, "Time-out"), (Kind.SELF_EXCLUSION, "Self-exclusion"), (Kind.PANIC, "Panic button"))
_MONTHS_A_YEAR = 12


class LimitRequestSerializer(serializers.Serializer[Any]):
    """A limit to be set, lowered, raised or (with neither amount nor minutes) removed."""

    kind = serializers.ChoiceField(choices=Limit.Kind.choices)
    period = serializers.ChoiceField(
        choices=[choice for choice in Limit.Period.choices if choice[0]],
        allow_null=True,
        required=False,
        default=None,
        help_text="None for a single stake; none for a session limit means one sitting.",
    )
    amount = MoneyField(
        allow_null=True, allow_zero=True, required=False, default=None, help_text="Null removes the limit."
    )
    minutes = serializers.IntegerField(
        min_value=1,
        max_value=_LONGEST_MINUTES,
        allow_null=True,
        required=False,
        default=None,
        help_text="Of a session limit, instead of an amount.",
    )
    currency = serializers.RegexField(
        r"^[A-Z0-9]{3,8}$", required=False, default="", help_text="Which limit to remove; the account's own otherwise."
    )
    window = serializers.ChoiceField(
        choices=Limit.Window.choices, required=False, default="", help_text="Where the law leaves it open."
    )
    basis = serializers.ChoiceField(
        choices=Limit.Basis.choices, required=False, default="", help_text="Of a deposit limit, likewise."
    )

    def terms(self) -> Terms:
        """The validated request as the operation takes it."""
        said = self.validated_data
        return Terms(
            kind=said["kind"],
            period=said["period"] or "",
            money=said["amount"],
            minutes=said["minutes"],
            currency=said["currency"],
            window=said["window"],
            basis=said["basis"],
        )


class LimitSerializer(serializers.Serializer[LimitView]):
    """One limit of the player: what is in force, what waits, and how far it is used up."""

    id = serializers.CharField(help_text="Opaque.")
    kind = serializers.ChoiceField(choices=Limit.Kind.choices)
    period = serializers.ChoiceField(choices=[choice for choice in Limit.Period.choices if choice[0]], allow_null=True)
    set_by = serializers.ChoiceField(choices=[*Limit.SetBy.choices, ("statute", "The law")])
    window = serializers.ChoiceField(choices=Limit.Window.choices)
    basis = serializers.ChoiceField(choices=Limit.Basis.choices)
    amount = serializers.SerializerMethodField(help_text="In force now; null where none is, and of a session limit.")
    minutes = serializers.SerializerMethodField(help_text="In force now, of a session limit.")
    effective = serializers.SerializerMethodField(help_text="What is in force now: the amount, or the minutes.")
    effective_from = serializers.DateTimeField(allow_null=True)
    pending = serializers.SerializerMethodField(
        help_text="What a change under way will make of it; null where none is, and of a removal."
    )
    pending_from = serializers.DateTimeField(
        allow_null=True, help_text="When it will; null while staff have to speak with the player first."
    )
    pending_id = serializers.CharField(allow_null=True)
    pending_state = serializers.CharField(
        allow_null=True, help_text="`pending`, `awaiting_contact` or `awaiting_confirmation`."
    )
    is_removal_pending = serializers.BooleanField()
    used = serializers.SerializerMethodField(help_text="In the running period: an amount, or minutes.")
    headroom = serializers.SerializerMethodField(help_text="What is left of it.")
    period_ends_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(MoneySerializer(allow_null=True))
    def get_amount(self, view: LimitView) -> dict[str, str] | None:
        """Of a limit on money."""
        return self._money(view.active.amount_units if view.active else None, view.currency)

    def get_minutes(self, view: LimitView) -> int | None:
        """Of a session limit."""
        return self._minutes(view.active.seconds if view.active else None)

    @extend_schema_field({"oneOf": [{"$ref": "#/components/schemas/Money"}, {"type": "integer"}], "nullable": True})
    def get_effective(self, view: LimitView) -> Any:
        """In force now."""
        return self._size(view, view.active)

    @extend_schema_field({"oneOf": [{"$ref": "#/components/schemas/Money"}, {"type": "integer"}], "nullable": True})
    def get_pending(self, view: LimitView) -> Any:
        """Under way."""
        return None if view.change is None or view.change.is_removal else self._size(view, view.change)

    @extend_schema_field({"oneOf": [{"$ref": "#/components/schemas/Money"}, {"type": "integer"}], "nullable": True})
    def get_used(self, view: LimitView) -> Any:
        """In the running period."""
        return self._amount(view, view.used)

    @extend_schema_field({"oneOf": [{"$ref": "#/components/schemas/Money"}, {"type": "integer"}], "nullable": True})
    def get_headroom(self, view: LimitView) -> Any:
        """Of the running period."""
        return self._amount(view, None if view.headroom is None else max(view.headroom, 0))

    def _size(self, view: LimitView, limit: Limit | None) -> Any:
        return None if limit is None else self._amount(view, limit.size)

    def _amount(self, view: LimitView, size: int | None) -> Any:
        if size is None or view.kind != Limit.Kind.SESSION:
            return self._money(size, view.currency)
        return self._minutes(size)

    @staticmethod
    def _money(units: int | None, currency: str) -> dict[str, str] | None:
        return None if units is None else Money(units, currency).to_json()

    @staticmethod
    def _minutes(seconds: int | None) -> int | None:
        return None if seconds is None else seconds // 60


class LimitPageSerializer(serializers.Serializer[Any]):
    """Every limit, in the form of a page of a list."""

    results = LimitSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null: there is one page.")
    previous = serializers.CharField(allow_null=True, help_text="Always null.")


class ExclusionRequestSerializer(serializers.Serializer[Any]):
    """A break or exclusion: for one length of time, or indefinitely. The panic button has a length of its own."""

    kind = serializers.ChoiceField(choices=_PLAYERS_KINDS)
    hours = serializers.IntegerField(min_value=1, max_value=10_000, required=False)
    days = serializers.IntegerField(min_value=1, max_value=40_000, required=False)
    months = serializers.IntegerField(min_value=1, max_value=1_200, required=False)
    years = serializers.IntegerField(min_value=1, max_value=100, required=False)
    indefinite = serializers.BooleanField(required=False, default=False)
    reason = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one length, or none for the panic button."""
        lengths = [name for name in ("hours", "days", "months", "years") if attrs.get(name) is not None]
        count = len(lengths) + bool(attrs["indefinite"])
        if attrs["kind"] == Kind.PANIC and count:
            raise serializers.ValidationError("The panic button has a length of its own.", code="no-length")
        if attrs["kind"] != Kind.PANIC and count != 1:
            raise serializers.ValidationError(
                "Say exactly one of hours, days, months, years, indefinite.", code="one-length"
            )
        return attrs

    def lasts(self, now: datetime) -> timedelta | None:
        """How long from now; None where that is not said."""
        said = self.validated_data
        months = (said.get("months") or 0) + _MONTHS_A_YEAR * (said.get("years") or 0)
        if months:
            return _months_later(now, months) - now
        if said.get("hours") or said.get("days"):
            return timedelta(hours=said.get("hours") or 0, days=said.get("days") or 0)
        return None


class ExclusionSerializer(serializers.Serializer[Exclusion]):
    """An exclusion as its player sees it."""

    id = serializers.CharField(source="public_id")
    kind = serializers.ChoiceField(choices=Exclusion.Kind.choices)
    state = serializers.SerializerMethodField(help_text="`active` or `ended`.")
    started_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Null: until it is ended.")
    holds = serializers.BooleanField(help_text="Goes on after its end until you have asked to come back.")
    earliest_return_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    return_state = serializers.SerializerMethodField(help_text="Of your request to come back, if any.")
    back_at = serializers.SerializerMethodField(help_text="When the cooling-off of that request is over.")

    def get_state(self, exclusion: Exclusion) -> str:
        """One whose time is over has ended, whether or not a task has said so."""
        now: datetime = self.context["now"]
        over = exclusion.ends_at is not None and exclusion.ends_at <= now and not exclusion.holds
        return str(Exclusion.State.ENDED if over else exclusion.state)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_return_state(self, exclusion: Exclusion) -> str | None:
        """Of the newest request."""
        newest = next(iter(exclusion.returns.all()), None)
        return newest.state if newest else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_back_at(self, exclusion: Exclusion) -> datetime | None:
        """Of the newest request."""
        newest = next(iter(exclusion.returns.all()), None)
        return newest.back_at if newest else None


class ExclusionPageSerializer(serializers.Serializer[Any]):
    """Every exclusion, newest first, in the form of a page of a list."""

    results = ExclusionSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null: there is one page.")
    previous = serializers.CharField(allow_null=True, help_text="Always null.")


class ExclusionVisitSerializer(serializers.Serializer[ExclusionVisit]):
    """A visit to the page of self-exclusion."""

    id = serializers.CharField(source="public_id")
    opened_at = serializers.DateTimeField()
    lapses_at = serializers.SerializerMethodField(help_text="Not heard of by then, it counts as left.")

    def get_lapses_at(self, visit: ExclusionVisit) -> datetime:
        """After so long whoever closed the window has left."""
        return visit.opened_at + LAPSES_AFTER


class ReturnRequestSerializer(serializers.Serializer[Any]):
    """A request to come back."""

    reason = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)


class DueReviewSerializer(serializers.Serializer[DueReview]):
    """A review that the law wants the player to be asked for."""

    kind = serializers.ChoiceField(choices=Review.Kind.choices)
    due_since = serializers.DateTimeField()


class DueReviewPageSerializer(serializers.Serializer[Any]):
    """Every review that is due, in the form of a page of a list."""

    results = DueReviewSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null: there is one page.")
    previous = serializers.CharField(allow_null=True, help_text="Always null.")


class PositionSerializer(serializers.Serializer[Any]):
    """Where the player stands in one currency."""

    staked = MoneyField()
    won = MoneyField()
    net = MoneyField(help_text="Won minus staked: below zero the player has lost.")


class RealityCheckSerializer(serializers.Serializer[Any]):
    """The next or overdue reality check."""

    interval_minutes = serializers.IntegerField()
    due_at = serializers.DateTimeField()
    is_due = serializers.BooleanField()
    must_acknowledge = serializers.BooleanField(help_text="Bets are refused while one is due.")
    paused_until = serializers.DateTimeField(allow_null=True, help_text="Bets are refused before.")


class SittingSerializer(serializers.Serializer[SittingView]):
    """The present sitting: over all games and providers, by the platform's clock."""

    started_at = serializers.DateTimeField()
    elapsed_seconds = serializers.IntegerField()
    positions = PositionSerializer(many=True, help_text="One for each currency played in.")
    reality_check = RealityCheckSerializer(allow_null=True)
    inactivity_logout_minutes = serializers.FloatField(allow_null=True)
    now = serializers.DateTimeField(help_text="The platform's clock.")


class IntervalSerializer(serializers.Serializer[Any]):
    """How often the player wants a reality check."""

    interval_minutes = serializers.IntegerField(
        min_value=SHORTEST_INTERVAL_MINUTES,
        max_value=LONGEST_INTERVAL_MINUTES,
        allow_null=True,
        help_text="Null: never, where the law leaves it to you.",
    )


class MarketingSerializer(serializers.Serializer[Any]):
    """Whether the player may be sent marketing and offered bonuses."""

    is_allowed = serializers.BooleanField()


def _months_later(at: datetime, months: int) -> datetime:
    """The same day that many months later, or the last day of a shorter month."""
    year, month = divmod(at.month - 1 + months, _MONTHS_A_YEAR)
    year, month = at.year + year, month + 1
    day = min(at.day, monthrange(year, month)[1])
    return at.astimezone(UTC).replace(year=year, month=month, day=day)
