"""What a player sees of bonuses: his own, and the offers open to him."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from apps.bonuses.eligibility import Case, may_be_offered
from apps.bonuses.models import Grant, OfferVersion
from apps.bonuses.operations.offering import versions_in_force
from apps.bonuses.terms import Terms, read_terms
from apps.core.money import Money
from apps.players.models import Player


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """An offer that a player may take, or make a deposit for."""

    version: OfferVersion
    terms: Terms
    currency: str
    until: datetime | None

    @property
    def amount(self) -> Money:
        """The bonus, or the largest one."""
        return Money(self.terms.amounts[self.currency].most, self.currency)

    @property
    def minimum_deposit(self) -> Money | None:
        """For a share of a deposit."""
        is_match = self.version.kind == OfferVersion.Kind.DEPOSIT_MATCH
        return Money(self.terms.amounts[self.currency].minimum_deposit, self.currency) if is_match else None


def grants_of(player: Player) -> QuerySet[Grant]:
    """A player's bonuses, newest first, with what is shown of them."""
    return Grant.objects.filter(player=player).select_related("offer", "version", "progress")


def offers_open_to(player: Player, *, now: datetime) -> list[OpenOffer]:
    """Offers that a player may take in the currency of his account; none if he is not to be sent marketing."""
    found = []
    for version in versions_in_force(brand_id=player.brand_id, at=now):
        terms = read_terms(version.terms)
        case = Case(player, version, terms, player.currency, None, now)
        if may_be_offered(case):
            ends = [version.valid_to] if version.valid_to else []
            if terms.audience == "new":
                ends.append(player.registered_at + timedelta(days=terms.new_days))
            found.append(OpenOffer(version, terms, player.currency, min(ends, default=None)))
    return found
