"""Which games a player may play here and now. Launching one is in `launch`."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, LPad, NullIf

from apps.brands.models import Brand
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import BrandGame, Game, GameCertificate, GameSession, RtpVariant

# Shifts a brand's positions above zero, so that they sort as text of one width.
_POSITION_SHIFT = 5_000_000_000


def games_for(
    player: Player, *, now: datetime, platform: str | None = None, currency: str | None = None
) -> QuerySet[Game]:
    """
    Return the games that this player may play for real money, as one query, in the order of the brand's lobby.

    Each carries `lobby_order`, `lobby_category`, `variant_in_play_id` and `rtp_basis_points`. Load the player with
    brand and jurisdiction.

    :param currency: of the wallet to play with; the player's own unless given
    """
    if not may_play(player):
        return Game.objects.none()
    requirements = _requirements(player, now=now, platform=platform, currency=currency or player.currency)
    return _offered(player).filter(*requirements.values())


def may_play(player: Player) -> bool:
    """Tell whether the player's status lets him start a game."""
    if player.status == Player.Status.RESTRICTED:
        return Player.Restriction.PLAY not in player.restrictions
    return player.status == Player.Status.ACTIVE


def find_game(player: Player, public_code: str) -> Game | None:
    """Return a game of the catalogue with what `games_for` adds, playable or not."""
    return _offered(player).filter(public_code=public_code).first()


def barriers(
    player: Player,
    *,
    game_id: int,
    now: datetime,
    platform: str | None = None,
    currency: str | None = None,
    mode: str = GameSession.Mode.REAL,
) -> list[str]:
    """
    Name what keeps a player from a game, most general first; empty when nothing does. For launches and support.

    A demo needs no wallet, so its currency does not count, but the game must have one.
    """
    requirements = dict(_requirements(player, now=now, platform=platform, currency=currency or player.currency))
    if mode == GameSession.Mode.DEMO:
        requirements = {name: rule for name, rule in requirements.items() if "currency" not in name}
        requirements["demo"] = Q(has_demo=True)
    verdicts: Mapping[str, bool] = (
        _offered(player)
        .annotate(**{f"ok_{name}": _verdict(rule) for name, rule in requirements.items()})
        .values(*(f"ok_{name}" for name in requirements))
        .get(pk=game_id)
    )
    return [name for name in requirements if not verdicts[f"ok_{name}"]]


def integrations_offering(vendor: str, *, brand_code: str) -> QuerySet[Integration]:
    """Return the connections over which a brand gets a vendor's games now, live ones first."""
    return Integration.objects.filter(
        vendor=vendor, brand_code=brand_code, kind=Integration.Kind.GAMES, switch=Integration.Switch.ON
    ).order_by("environment", "pk")


def _requirements(player: Player, *, now: datetime, platform: str | None, currency: str) -> dict[str, Q]:
    """Name each rule; the key is what a refused launch answers as its reason."""
    country, today = player.country, _local_date(player, now)
    return {
        "brand": Q(Exists(Brand.objects.filter(pk=player.brand_id, is_enabled=True))),
        "brand-currency": Q(
            Exists(
                Brand.currencies.through.objects.filter(
                    brand_id=player.brand_id, currency_id=currency, currency__is_enabled=True
                )
            )
        ),
        "integration": Q(Exists(integrations_offering(OuterRef("vendor"), brand_code=player.brand.code))),  # type: ignore[arg-type]
        "studio": Q(studio__is_enabled=True),
        "game": Q(is_enabled=True),
        "brand-game": ~Q(Exists(_own_word(player).filter(is_enabled=False))),
        "not-released": Q(released_on__isnull=True) | Q(released_on__lte=today),
        "withdrawn": Q(withdrawn_on__isnull=True) | Q(withdrawn_on__gt=today),
        "country": ~Q(blocked_countries__contains=[country]) & ~Q(studio__blocked_countries__contains=[country]),
        "certificate": Q(needs_certificate=False) | Q(Exists(_valid_certificates(player, today))),
        "currency": Q(currencies=[]) | Q(currencies__contains=[currency]),
        "platform": ~Q(platforms=[]) if platform is None else Q(platforms__contains=[platform]),
    }


def _offered(player: Player) -> QuerySet[Game]:
    """Every game in the lobby's order, with the brand's own word on it where there is one."""
    own_word = _own_word(player)
    default_variant = RtpVariant.objects.filter(game=OuterRef("pk"), is_default=True)
    in_play = RtpVariant.objects.filter(pk=OuterRef("variant_in_play_id"))
    position = Coalesce(Subquery(own_word.values("position")), 0, output_field=IntegerField())
    return (
        Game.objects.select_related("studio")
        .annotate(
            lobby_category=Coalesce(
                NullIf(Subquery(own_word.values("category")), Value("")), F("category"), output_field=CharField()
            ),
            variant_in_play_id=Coalesce(
                Subquery(own_word.values("variant_id")),
                Subquery(default_variant.values("pk")[:1]),
                output_field=BigIntegerField(),
            ),
            # One unique text, because a cursor continues behind a single value.
            lobby_order=Concat(
                LPad(Cast(position + Value(_POSITION_SHIFT), CharField()), 10, Value("0")),
                Value(" "),
                F("title"),
                Value(" "),
                F("public_code"),
                output_field=CharField(),
            ),
        )
        .annotate(rtp_basis_points=Subquery(in_play.values("rtp_basis_points")))
        .order_by("lobby_order")
    )


def _own_word(player: Player) -> QuerySet[BrandGame]:
    return BrandGame.objects.filter(brand_id=player.brand_id, game=OuterRef("pk"))


def _valid_certificates(player: Player, today: date) -> QuerySet[GameCertificate]:
    """Certificates of a game as a whole, or of the variant that the brand plays, valid where the player belongs."""
    return GameCertificate.objects.filter(
        Q(variant__isnull=True) | Q(variant_id=OuterRef("variant_in_play_id")),
        Q(valid_to__isnull=True) | Q(valid_to__gte=today),
        game=OuterRef("pk"),
        jurisdiction=player.jurisdiction_id,
        valid_from__lte=today,
    )


def _local_date(player: Player, now: datetime) -> date:
    """The day it is where the player belongs: releases and certificates begin and end with the local day."""
    return now.astimezone(ZoneInfo(player.jurisdiction.timezone)).date()


def _verdict(rule: Q) -> Case:
    return Case(When(rule, then=Value(True)), default=Value(False), output_field=BooleanField())
