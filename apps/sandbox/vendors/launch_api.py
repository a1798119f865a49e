"""The API that the platform calls at a simulated vendor: open a game, list games, show a round."""

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.sandbox.models import SimulatedRound, SimulatedVendor
from apps.sandbox.vendors.catalogue import GAMES, VendorGame
from apps.sandbox.vendors.dialects import DIALECTS
from apps.sandbox.vendors.sessions import open_session
from apps.sandbox.vendors.signatures import is_signed

_SHORTEST_USER = 3
_TOKEN_LENGTHS = range(10, 256)


class Refused(Exception):
    """The request gets an HTTP error and `{"error"}`."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


@csrf_exempt
@require_POST
def call(request: HttpRequest, vendor: str, path: str) -> JsonResponse:
    """Answer any call of the platform: verify who speaks, then do what is asked."""
    try:
        action = _action(vendor, path)
        simulated, body = _verified(request, vendor)
        return action(request, simulated, body)
    except Refused as refusal:
        return JsonResponse({"error": str(refusal)}, status=refusal.status)


def _action(vendor: str, path: str) -> Callable[[HttpRequest, SimulatedVendor, dict[str, Any]], JsonResponse]:
    dialect = DIALECTS.get(vendor)
    actions = {dialect.launch_path: _launch, dialect.list_path: _list, dialect.round_path: _round} if dialect else {}
    if path not in actions:
        raise Refused(404, "There is no such method.")
    return actions[path]


def _verified(request: HttpRequest, slug: str) -> tuple[SimulatedVendor, dict[str, Any]]:
    vendor = SimulatedVendor.objects.filter(slug=slug).first()
    if vendor is None:
        raise Refused(404, "The vendor is not set up.")
    signature = request.headers.get(DIALECTS[slug].signature_header, "")
    if not is_signed(vendor.platform_key_pem, request.body, signature):
        raise Refused(401, "The signature does not verify.")
    try:
        body = json.loads(request.body)
    except ValueError:
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body is not an object.")
    if body.get("operator_id") != vendor.operator_id:
        raise Refused(404, "The operator_id does not correspond to any existing Operator.")
    return vendor, body


def _launch(request: HttpRequest, vendor: SimulatedVendor, body: dict[str, Any]) -> JsonResponse:
    game_code, currency = body.get("game_code"), body.get("currency")
    if not isinstance(game_code, str) or not isinstance(currency, str):
        raise Refused(400, "game_code and currency are required.")
    if game_code not in GAMES[vendor.slug]:
        raise Refused(404, "There is no such game.")
    user, token = str(body.get("user") or ""), str(body.get("token") or "")
    is_demo = currency == DIALECTS[vendor.slug].demo_currency
    if not is_demo and (len(user) < _SHORTEST_USER or len(token) not in _TOKEN_LENGTHS):
        raise Refused(400, "user and token are required to play for real.")
    session = open_session(
        vendor=vendor,
        game_code=game_code,
        currency=currency,
        user=user,
        token=token,
        lobby_url=str(body.get("lobby_url") or "")[:500],
    )
    query = urlencode({"token": session.token})
    return JsonResponse({"url": request.build_absolute_uri(f"{reverse('sandbox-client', args=[vendor.slug])}?{query}")})


def _list(request: HttpRequest, vendor: SimulatedVendor, _body: dict[str, Any]) -> JsonResponse:
    return JsonResponse([_listed(request, vendor, game) for game in GAMES[vendor.slug].values()], safe=False)


def _listed(request: HttpRequest, vendor: SimulatedVendor, game: VendorGame) -> dict[str, Any]:
    return {
        "game_code": game.code,
        "name": game.title,
        "product": game.studio,
        "category": game.category,
        "platforms": [f"GPL_{platform.upper()}" for platform in game.platforms],
        "blocked_countries": list(game.blocked_countries),
        "url_thumb": request.build_absolute_uri(reverse("sandbox-thumbnail", args=[vendor.slug, game.code])),
        "enabled": True,
    }


def _round(request: HttpRequest, vendor: SimulatedVendor, body: dict[str, Any]) -> JsonResponse:
    rounds = SimulatedRound.objects.filter(vendor=vendor)
    reference = body.get("round")
    found = rounds.filter(reference=reference).first() if isinstance(reference, str) else None
    if found is None:
        raise Refused(404, "There is no such round.")
    address = reverse("sandbox-vendor-round", args=[vendor.slug, found.reference])
    return JsonResponse({"url": request.build_absolute_uri(address)})
