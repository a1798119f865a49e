"""Demo data: the platform's catalogue of what the simulated vendors deliver, with RTP variants and certificates."""

import hashlib
from datetime import date, timedelta

from django.db import transaction

from apps.brands.models import Brand
from apps.providers.catalogue_entries import public_code
from apps.providers.models import BrandGame, Game, GameCertificate, RtpVariant, Studio
from apps.sandbox.seeding.places import AURORA
from apps.sandbox.vendors.catalogue import GAMES, STUDIOS, VendorGame, released_on
from apps.sandbox.vendors.listings import SWIPE_CURRENCIES

_CERTIFIED_IN = ("MT", "SE", "DE", "GB", "CA-ON")
_LABORATORIES = ("Baltic Game Testing", "Harbour Laboratories", "Northern Compliance Lab")
_NOT_LIVE_YET = "hmw_velvethearts"
# Something for the list of certificates that end: one soon, one already.
_ENDS_SOON = ("cfx_foxtrail", "SE")
_ENDED = ("cfx_owlmoon", "DE")
_LOBBY_FIRST = ("nlg_auroranights", "tdw_torchoftides", "cfx_emberdragon", "lln_fruitlantern")


@transaction.atomic
def seed_games(base_url: str, *, today: date) -> None:
    """Catalogue what is missing; what staff have changed since stays."""
    for code, name in STUDIOS.items():
        Studio.objects.get_or_create(code=code, defaults={"name": name})
    for vendor, games in GAMES.items():
        for place, offered in enumerate(games.values()):
            if not offered.is_new:
                _seed_game(vendor, offered, place, base_url, today)
    brand = Brand.objects.get(code=AURORA)
    for place, code in enumerate(_LOBBY_FIRST):
        game = Game.objects.get(code=code)
        BrandGame.objects.get_or_create(brand=brand, game=game, defaults={"position": place - len(_LOBBY_FIRST)})


def _seed_game(vendor: str, offered: VendorGame, place: int, base_url: str, today: date) -> None:
    thumbnail_url = f"{base_url}/sandbox/vendors/{vendor}/thumbnails/{offered.code}.svg"
    game = Game.objects.filter(vendor=vendor, code=offered.code).first()
    if game is not None:
        if game.thumbnail_url != thumbnail_url:
            game.thumbnail_url = thumbnail_url
            vars(game).update(_change_reason="The demo runs at another address than last time")
            game.save(update_fields=["thumbnail_url"])
        return
    needs_certificate = offered.category in {"slot", "crash"}
    game = Game.objects.create(
        vendor=vendor,
        code=offered.code,
        public_code=public_code(vendor, offered.code),
        title=offered.title,
        studio=Studio.objects.get(code=offered.studio),
        category=offered.category,
        platforms=list(offered.platforms),
        features=list(offered.features),
        volatility=offered.volatility,
        has_free_rounds="free_spins" in offered.features,
        blocked_countries=list(offered.blocked_countries),
        certifications=list(offered.certifications) if vendor == "hub88" else [],
        currencies=list(SWIPE_CURRENCIES) if vendor == "swipegames" else [],
        needs_certificate=needs_certificate,
        thumbnail_url=thumbnail_url,
        released_on=released_on(vendor, offered.code),
        is_enabled=offered.code != _NOT_LIVE_YET,
    )
    for rtp in offered.rtp_basis_points:
        is_default = rtp == offered.rtp_basis_points[0]
        RtpVariant.objects.create(game=game, code=f"rtp-{rtp}", rtp_basis_points=rtp, is_default=is_default)
    if needs_certificate:
        _certify(game, place, today)


def _certify(game: Game, place: int, today: date) -> None:
    for jurisdiction in _CERTIFIED_IN:
        valid_to = today + timedelta(days=400)
        if (game.code, jurisdiction) == _ENDS_SOON:
            valid_to = today + timedelta(days=21)
        elif (game.code, jurisdiction) == _ENDED:
            valid_to = today - timedelta(days=12)
        GameCertificate.objects.create(
            game=game,
            jurisdiction_id=jurisdiction,
            laboratory=_LABORATORIES[place % len(_LABORATORIES)],
            reference=f"DEMO-{jurisdiction}-{game.pk:04d}",
            version_hash=hashlib.sha256(game.code.encode()).hexdigest(),
            valid_from=today - timedelta(days=300),
            valid_to=valid_to,
        )
