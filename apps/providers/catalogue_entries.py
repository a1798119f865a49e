"""Writing a difference into the catalogue: columns, new games, studios, RTP variants. Who may, is decided above."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.text import slugify

from apps.brands.models import Brand
from apps.integrations.models import Integration
from apps.integrations.outbox import record_fact
from apps.providers.catalogue import save_with_history
from apps.providers.catalogue_diff import RTP, RTP_IN_PLAY
from apps.providers.catalogue_models import CatalogueChange
from apps.providers.models import BrandGame, Game, RtpVariant, Studio

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_TITLE_LENGTH = 160
_STUDIO_LENGTH = 120


def public_code(vendor: str, code: str) -> str:
    """
    The player API's name of a vendor's game.

    Codes that a slug can not carry as they are get a digest, so that two of them never collide.
    """
    slug = slugify(code)[:100]
    suffix = "" if slug == code else f"-{hashlib.sha256(code.encode()).hexdigest()[:8]}"
    return f"{vendor}-{slug}{suffix}"


def enter_game(change: CatalogueChange, *, reason: str, actor: "User | None", now: datetime) -> Game:
    """
    Catalogue a game as its vendor lists it: off, and in need of a certificate. One that is there already stays.

    Its return to player becomes its default variant; there is no other that could be in play.
    """
    vendor, said = change.integration.vendor, dict(change.after or {})
    known = Game.objects.select_related("studio").filter(vendor=vendor, code=change.code).first()
    if known is not None:
        return known
    game = Game(
        vendor=vendor,
        code=change.code,
        public_code=public_code(vendor, change.code),
        title=said["title"][:_TITLE_LENGTH],
        studio=studio_named(said["studio"] or change.integration.vendor.title(), reason=reason, actor=actor, now=now),
        category=said["category"] or Game.Category.SLOT,
        platforms=said["platforms"] or [],
        currencies=said["currencies"] or [],
        features=said["features"] or [],
        volatility=said["volatility"],
        has_demo=bool(said["has_demo"]),
        has_free_rounds=bool(said["has_free_rounds"]),
        blocked_countries=said["blocked_countries"] or [],
        certifications=said["certifications"] or [],
        needs_certificate=True,
        thumbnail_url=said["thumbnail_url"] or "",
        released_on=_day(said["released_on"]),
        is_enabled=False,
    )
    save_with_history(game, None, reason=reason, actor=actor, now=now)
    if said["rtp_basis_points"]:
        add_variant(game, said["rtp_basis_points"], is_default=True)
    return game


def set_field(
    game: Game, name: str, value: Any, *, brand: Brand, reason: str, actor: "User | None", now: datetime
) -> None:
    """
    Set what has changed.

    :param brand: of the integration whose list said so: a return to player in play is that brand's only
    """
    if name == RTP:
        add_variant(game, value, is_default=False)
        return
    if name == RTP_IN_PLAY:
        variant = RtpVariant.objects.get(game=game, rtp_basis_points=value)
        set_brand_game(brand, game, {"variant": variant}, reason=reason, actor=actor, now=now)
        return
    if name == "studio":
        game.studio = studio_named(value, reason=reason, actor=actor, now=now)
    elif name == "released_on":
        game.released_on = _day(value)
    else:
        setattr(game, name, value)
    save_with_history(game, [name], reason=reason, actor=actor, now=now)


def set_brand_game(
    brand: Brand, game: Game, values: Mapping[str, Any], *, reason: str, actor: "User | None", now: datetime
) -> BrandGame:
    """Set a brand's own word on a game; the caller holds the brand's row."""
    setting = BrandGame.objects.filter(brand=brand, game=game).first() or BrandGame(brand=brand, game=game)
    for name, value in values.items():
        setattr(setting, name, value)
    save_with_history(setting, list(values) if setting.pk else None, reason=reason, actor=actor, now=now)
    return setting


def add_variant(game: Game, basis_points: int, *, is_default: bool) -> RtpVariant:
    """Make a return to player known; a game without any default keeps having none unless told otherwise."""
    variant, _ = RtpVariant.objects.get_or_create(
        game=game, rtp_basis_points=basis_points, defaults={"code": f"rtp-{basis_points}", "is_default": is_default}
    )
    return variant


def studio_named(name: str, *, reason: str, actor: "User | None", now: datetime) -> Studio:
    """Find the maker by his name or code, or enter him, switched off: a new studio does not go live by itself."""
    code = slugify(name)[:60] or hashlib.sha256(name.encode()).hexdigest()[:12]
    known = Studio.objects.filter(Q(name__iexact=name) | Q(code=code) | Q(code=name.lower())).order_by("pk").first()
    if known is not None:
        return known
    studio = Studio(code=code, name=name[:_STUDIO_LENGTH], is_enabled=False)
    save_with_history(studio, None, reason=reason, actor=actor, now=now)
    return studio


def tell_change(change: CatalogueChange, *, now: datetime) -> None:
    """Let the systems of every brand that gets the vendor's games know what is different now."""
    game = change.game
    if game is None:
        return
    brands = [change.brand.code] if change.brand else _brands_of(game.vendor)
    data = {"game": game.public_code, "change": change.kind, "field": change.field}
    for brand in brands:
        record_fact(kind="games.catalogue.changed", brand_code=brand, subject=str(change.pk), data=data, now=now)


def _brands_of(vendor: str) -> list[str]:
    rows = Integration.objects.filter(vendor=vendor, kind=Integration.Kind.GAMES)
    return sorted(set(rows.values_list("brand_code", flat=True)))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


WORDS: Mapping[str, str] = MappingProxyType(
    {
        "title": "Title",
        "studio": "Studio",
        "category": "Category",
        "features": "Features",
        "volatility": "Volatility",
        "certifications": "Certified for",
        "thumbnail_url": "Picture",
        "released_on": "Release date",
        "blocked_countries": "Blocked countries",
        "platforms": "Platforms",
        "currencies": "Currencies",
        "has_demo": "Demo",
        "has_free_rounds": "Free rounds",
        RTP: "Unknown return to player",
        RTP_IN_PLAY: "Return to player in play",
    }
)
"""What the fields of a change are called on staff pages."""
