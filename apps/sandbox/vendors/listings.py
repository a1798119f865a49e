"""The lists of games that simulated vendors give out: their catalogue, with what a tester or the demo has changed."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.sandbox.models import SimulatedListing, SimulatedVendor
from apps.sandbox.vendors.catalogue import GAMES, VendorGame, released_on, studio_name

SWIPE_CURRENCIES = ("BTC", "CAD", "EUR", "GBP", "SEK", "USD")
FACTS = (
    "title", "studio", "category", "platforms", "features", "volatility", "blocked_countries", "certifications",
    "thumbnail_url", "released_on", "rtp_basis_points", "currencies", "has_demo", "has_free_rounds", "is_enabled",
)  # fmt: skip
_CATEGORY_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "slot": "Video Slots", "live": "Live Games", "table": "Table Games", "bingo": "Video Bingo",
        "crash": "Crash Games", "instant": "Instant Win Games",
    }
)  # fmt: skip
_Mode = SimulatedVendor.ListMode
Offer = dict[str, Any]


def offers_of(request: HttpRequest, vendor: SimulatedVendor) -> list[Offer]:
    """What is on the list now, each with its code and every one of the facts."""
    changed = {row.code: row for row in vendor.listings.all()}
    offers: dict[str, Offer] = {}
    for code, game in GAMES[vendor.slug].items():
        offers[code] = _offer(request, vendor.slug, game)
    for code, row in changed.items():
        offers[code] = {**offers.get(code, _offer(request, vendor.slug, _blank(code))), **row.facts}
    listed = [offer for code, offer in offers.items() if code not in changed or changed[code].is_listed]
    if vendor.list_mode == _Mode.EMPTY:
        return []
    if vendor.list_mode == _Mode.HALF:
        return listed[: len(listed) // 2]
    return [*listed, listed[0]] if vendor.list_mode == _Mode.DOUBLED else listed


def list_answer(request: HttpRequest, vendor: SimulatedVendor, wire: Callable[[Offer], dict[str, Any]]) -> HttpResponse:
    """The list in the vendor's words, or what comes of it when something is wrong with him."""
    if vendor.list_mode == _Mode.REFUSED:
        return JsonResponse({"error": "Internal error.", "message": "Internal error."}, status=500)
    games = [wire(offer) for offer in offers_of(request, vendor)]
    if vendor.list_mode == _Mode.FAULTY and games:
        games[0] = {name: said for name, said in games[0].items() if name not in ("name", "title")}
    whole = json.dumps(games, separators=(",", ":"))
    cut = whole[: len(whole) // 2] if vendor.list_mode == _Mode.CUT else whole
    return HttpResponse(cut, content_type="application/json")


def family_wire(offer: Offer, *, is_hub88: bool) -> dict[str, Any]:
    """One game as `game/list` has it; Caleta's schema has less."""
    shared = {
        "game_code": offer["code"],
        "name": offer["title"],
        "product": offer["studio"],
        "category": _CATEGORY_WORDS.get(offer["category"], offer["category"]),
        "platforms": [f"GPL_{platform.upper()}" for platform in offer["platforms"]],
        "blocked_countries": offer["blocked_countries"],
        "url_thumb": offer["thumbnail_url"],
        "url_background": offer["thumbnail_url"],
        "enabled": offer["is_enabled"],
    }
    if not is_hub88:
        return {**shared, "game_id": offer["number"]}
    return {
        **shared,
        "supplier_identifier": {"game_id": str(offer["number"]), "game_code": offer["code"]},
        "freebet_support": offer["has_free_rounds"],
        "demo_game_support": offer["has_demo"],
        "release_date": offer["released_on"],
        "volatility": offer["volatility"],
        "rtp": f"{offer['rtp_basis_points'] / 100:.2f}",
        "hit_ratio": None,
        "paylines": None,
        "certifications": offer["certifications"],
        "languages": ["en", "de", "sv"],
        "theme": [],
        "technology": ["HTML5"],
        "features": [feature.replace("_", " ").title() for feature in offer["features"]],
    }


def swipe_wire(offer: Offer) -> dict[str, Any]:
    """One game as `GET /games` has it."""
    base, _, picture = str(offer["thumbnail_url"]).rpartition("/")
    return {
        "id": offer["code"],
        "title": offer["title"],
        "locales": ["en_us", "pt_br", "de"],
        "currencies": [*offer["currencies"], "FUN"],
        "platforms": offer["platforms"],
        "images": {"baseURL": f"{base}/", "square": picture, "horizontal": "", "widescreen": "", "vertical": ""},
        "hasFreeSpins": offer["has_free_rounds"],
        "rtp": offer["rtp_basis_points"] // 100,
    }


@csrf_exempt
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, vendor: str) -> HttpResponse:
    """
    Show or change what is listed: `{"mode"?: …, "games"?: {code: {…} | null}}`; a mode is one of `ListMode`.

    Null takes a game from the list; an object lists it with these facts changed, a code nobody knows as a new game.
    """
    simulated = get_object_or_404(SimulatedVendor, slug=vendor)
    if request.method == "POST":
        problem = _change(simulated, request.body)
        if problem:
            return JsonResponse({"error": problem}, status=400)
    rows = {row.code: row.facts if row.is_listed else None for row in simulated.listings.all()}
    return JsonResponse({"mode": simulated.list_mode, "games": rows})


def _change(vendor: SimulatedVendor, body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("mode", _Mode.WHOLE) not in _Mode.values:
        return f"mode is one of {', '.join(_Mode.values)}"
    games = document.get("games", {})
    if not isinstance(games, dict) or any(set(facts or {}) - set(FACTS) for facts in games.values()):
        return f"games is an object of codes; a game has {', '.join(FACTS)}"
    vendor.list_mode = document.get("mode", vendor.list_mode)
    vendor.save(update_fields=["list_mode"])
    for code, facts in games.items():
        changes = {"is_listed": facts is not None} | ({"facts": facts} if facts is not None else {})
        SimulatedListing.objects.update_or_create(vendor=vendor, code=code, defaults=changes)
    return ""


def _offer(request: HttpRequest, vendor: str, game: VendorGame) -> Offer:
    codes = list(GAMES[vendor])
    number = codes.index(game.code) if game.code in codes else len(codes)
    picture = reverse("sandbox-thumbnail", args=[vendor, game.code if game.code in codes else codes[0]])
    return {
        "code": game.code,
        "number": number + 1,
        "title": game.title,
        "studio": studio_name(game.studio),
        "category": game.category,
        "platforms": list(game.platforms),
        "features": list(game.features),
        "volatility": game.volatility,
        "blocked_countries": list(game.blocked_countries),
        "certifications": list(game.certifications),
        "thumbnail_url": request.build_absolute_uri(picture),
        "released_on": released_on(vendor, game.code).isoformat() if game.code in codes else None,
        "rtp_basis_points": game.rtp_basis_points[0],
        "currencies": list(SWIPE_CURRENCIES),
        "has_demo": True,
        "has_free_rounds": "free_spins" in game.features,
        "is_enabled": True,
    }


def _blank(code: str) -> VendorGame:
    return VendorGame(code, code, "halfmoon", "slot", "fruit", 3, (9600,))
