"""What the player API of bonuses shows. Why a bonus was refused or ended by a rule is told in neutral words only."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.bonuses.models import Grant, OfferVersion
from apps.bonuses.queries import OpenOffer
from apps.bonuses.terms import read_terms
from apps.bonuses.wording import terms_in_words
from apps.core.api.fields import MoneyField, MoneySerializer
from apps.core.money import Money

# What ended a bonus, as its player reads it; anything else is the brand's decision.
_ENDS = {
    "wagered": "wagered",
    "time": "time-over",
    "withdrawal": "withdrawal",
    "used-up": "used-up",
    "player": "given-up",
    "declined": "given-up",
    "deposit-reversed": "deposit-returned",
}


class WageringSerializer(serializers.Serializer[Any]):
    """How far a bonus has come."""

    # Not the flag of a field: the class has no such attribute once its fields are collected.
    required = MoneySerializer(  # type: ignore[assignment]
        help_text="To be wagered before the bonus becomes cash."
    )
    wagered = MoneySerializer(help_text="Counted so far; follows play within seconds.")
    percent = serializers.IntegerField(help_text="0 to 100, rounded down.")
    stakes_too_large = serializers.IntegerField(help_text="Stakes above `stake_limit`, which did not count.")


class ConditionsSerializer(serializers.Serializer[Any]):
    """The terms as data and as sentences."""

    text = serializers.CharField(help_text="As the brand wrote it.")
    significant = serializers.ListField(child=serializers.CharField(), help_text="Each condition, in a sentence.")
    stake_limit = MoneySerializer(allow_null=True)
    conversion_limit = MoneySerializer(allow_null=True)
    contributions = serializers.DictField(
        child=serializers.IntegerField(), help_text="Percent of a stake that counts, by category of game."
    )
    ends_on_withdrawal = serializers.BooleanField()


class BonusSerializer(serializers.Serializer[Grant]):
    """A bonus as its player sees it."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(source="offer.name")
    kind = serializers.ChoiceField(source="version.kind", choices=OfferVersion.Kind.choices)
    state = serializers.ChoiceField(choices=Grant.State.choices)
    amount = MoneyField(source="money")
    wagering = serializers.SerializerMethodField()
    offered_at = serializers.DateTimeField()
    claimed_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.SerializerMethodField(help_text="To be taken, or wagered, before; null once it has ended.")
    ended_at = serializers.DateTimeField(allow_null=True)
    end = serializers.SerializerMethodField(
        help_text="What ended it: wagered, time-over, withdrawal, used-up, given-up, deposit-returned, ended; or empty."
    )
    converted = serializers.SerializerMethodField(help_text="What became cash.")
    terms = serializers.SerializerMethodField()

    @extend_schema_field(WageringSerializer)
    def get_wagering(self, grant: Grant) -> dict[str, Any]:
        """How far it has come."""
        counted = grant.progress.counted
        return {
            "required": Money(grant.required_units, grant.currency).to_json(),
            "wagered": counted.to_json(),
            "percent": counted.units * 100 // grant.required_units if grant.required_units else 100,
            "stakes_too_large": grant.progress.too_large,
        }

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_expires_at(self, grant: Grant) -> str | None:
        """The next moment that ends it."""
        due = {Grant.State.OFFERED: grant.claim_by, Grant.State.ACTIVE: grant.wager_by}.get(Grant.State(grant.state))
        return None if due is None else serializers.DateTimeField().to_representation(due)

    def get_end(self, grant: Grant) -> str:
        """In neutral words."""
        return _ENDS.get(grant.end_reason, "ended") if grant.end_reason else ""

    @extend_schema_field(MoneySerializer)
    def get_converted(self, grant: Grant) -> dict[str, str]:
        """What became cash."""
        return Money(grant.converted_units, grant.currency).to_json()

    @extend_schema_field(ConditionsSerializer)
    def get_terms(self, grant: Grant) -> dict[str, Any]:
        """Those it was made under."""
        terms = read_terms(grant.version.terms)
        return {
            "text": terms.text,
            "significant": terms_in_words(terms),
            "stake_limit": _money(grant.stake_limit_units, grant.currency),
            "conversion_limit": _money(grant.conversion_limit_units, grant.currency),
            "contributions": dict(terms.categories),
            "ends_on_withdrawal": grant.forfeits_on_withdrawal,
        }


class OpenOfferSerializer(serializers.Serializer[OpenOffer]):
    """An offer that the player may take, or make a deposit for."""

    id = serializers.UUIDField(source="version.offer.public_id")
    name = serializers.CharField(source="version.offer.name")
    kind = serializers.ChoiceField(source="version.kind", choices=OfferVersion.Kind.choices)
    state = serializers.SerializerMethodField(help_text="`available`, or `needs-deposit`.")
    amount = MoneyField(help_text="The bonus, or the largest one of a deposit match.")
    minimum_deposit = MoneyField(allow_null=True)
    required = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="To be wagered for that amount."
    )
    expires_at = serializers.DateTimeField(source="until", allow_null=True)
    terms = serializers.SerializerMethodField()

    def get_state(self, offer: OpenOffer) -> str:
        """What it needs."""
        return "available" if offer.version.kind == OfferVersion.Kind.FIXED else "needs-deposit"

    @extend_schema_field(MoneySerializer)
    def get_required(self, offer: OpenOffer) -> dict[str, str]:
        """To be wagered."""
        return Money(offer.terms.required_for(offer.amount.units), offer.currency).to_json()

    @extend_schema_field(ConditionsSerializer)
    def get_terms(self, offer: OpenOffer) -> dict[str, Any]:
        """Those in force."""
        amounts = offer.terms.amounts[offer.currency]
        return {
            "text": offer.terms.text,
            "significant": terms_in_words(offer.terms),
            "stake_limit": _money(amounts.stake_limit, offer.currency),
            "conversion_limit": _money(amounts.conversion_limit, offer.currency),
            "contributions": dict(offer.terms.categories),
            "ends_on_withdrawal": offer.terms.forfeits_on_withdrawal,
        }


class BonusListSerializer(serializers.Serializer[Any]):
    """One page of the player's bonuses, and what is open to him."""

    available = OpenOfferSerializer(many=True)
    results = BonusSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


def _money(units: int | None, currency: str) -> dict[str, str] | None:
    return None if units is None else Money(units, currency).to_json()
