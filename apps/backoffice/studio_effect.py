"""What a step with a studio would change: games, brands, players seated now, and what it brought in of late."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Sum

from apps.brands.models import Brand, Market
from apps.core.admin_base import BrandScope
from apps.core.admin_display import amount_text
from apps.integrations.models import Integration
from apps.providers.models import Studio
from apps.providers.studio_steps import StudioStep, games_to_enable, seated
from apps.reporting.models import GameDay

_GGR_SPAN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Effect:
    """
    What changes, in the person's brands.

    :ivar games: of the studio that are on now
    :ivar switched_on: games that would go on with it
    :ivar newly_blocked: countries whose players lose it; `opened`: whose players get it
    :ivar seated: players at its games now, whom it would touch, by brand
    :ivar ggr: of the last 30 days, by currency
    """

    games: int
    switched_on: int
    newly_blocked: tuple[str, ...]
    opened: tuple[str, ...]
    brands: tuple[str, ...]
    seated: tuple[tuple[str, int], ...]
    ggr: tuple[str, ...]

    @property
    def seated_total(self) -> int:
        """Over all brands."""
        return sum(count for _, count in self.seated)


def effect_of(studio: Studio, step: StudioStep, *, scope: BrandScope | None, now: datetime) -> Effect:
    """Look before anything is done; seven queries, none growing with players or rounds."""
    before, after = set(studio.blocked_countries), set(step.blocked_countries)
    newly_blocked, opened = tuple(sorted(after - before)), tuple(sorted(before - after))
    brands = _brands(studio, scope)
    countries = None if studio.is_enabled != step.is_enabled else {*newly_blocked, *opened}
    touched = _touched(brands, countries)
    losing = None if not step.is_enabled else newly_blocked
    return Effect(
        games=studio.games.filter(is_enabled=True).count(),
        switched_on=games_to_enable(studio, now=now).count() if step.with_games and step.is_enabled else 0,
        newly_blocked=newly_blocked,
        opened=opened,
        brands=tuple(touched),
        seated=_seated(studio, brands, losing, now),
        ggr=_ggr(studio, brands, now),
    )


def _brands(studio: Studio, scope: BrandScope | None) -> dict[int, str]:
    """Brands that get games of the studio, by name."""
    vendors = studio.games.values("vendor")
    codes = Integration.objects.filter(kind=Integration.Kind.GAMES, vendor__in=vendors).values("brand_code")
    rows = Brand.objects.filter(code__in=codes).order_by("name")
    if scope is not None:
        rows = rows.filter(pk__in=scope.ids)
    return dict(rows.values_list("pk", "name"))


def _touched(brands: dict[int, str], countries: Collection[str] | None) -> list[str]:
    """All of them, or those that serve one of the countries."""
    if countries is None:
        return list(brands.values())
    markets = Market.objects.filter(brand_id__in=brands, countries__overlap=sorted(countries))
    ids = set(markets.values_list("brand_id", flat=True))
    return [name for pk, name in brands.items() if pk in ids]


def _seated(
    studio: Studio, brands: dict[int, str], countries: Collection[str] | None, now: datetime
) -> tuple[tuple[str, int], ...]:
    rows = seated(studio, now=now, countries=countries).filter(brand_id__in=brands).order_by()
    counts = rows.values_list("brand_id").annotate(players=Count("player_id", distinct=True))
    return tuple(sorted((brands[brand], players) for brand, players in counts))


def _ggr(studio: Studio, brands: dict[int, str], now: datetime) -> tuple[str, ...]:
    rows = GameDay.objects.filter(
        game_id__in=studio.games.values("pk"), brand_id__in=brands, day__gt=(now - _GGR_SPAN).date()
    )
    sums = rows.order_by("currency").values("currency")
    return tuple(
        amount_text(each["staked"] - each["returned"] - each["won"] + each["won_back"], each["currency"])
        for each in sums.annotate(
            staked=Sum("staked"), returned=Sum("returned"), won=Sum("won"), won_back=Sum("won_back")
        )
    )
