"""The game client in the player's browser: the page, the spin behind its button, the page of a round, the pictures."""

import hashlib
import json
import random
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.sandbox.models import SimulatedRound, SimulatedSession
from apps.sandbox.vendors.catalogue import GAMES, game_of, paytable_of
from apps.sandbox.vendors.rounds import LeftOpen, Patience, play_round
from apps.sandbox.vendors.sessions import NotEnoughPlayMoney, money_text, spin_demo, stakes_of
from apps.sandbox.vendors.speakers.registry import SPEAKERS
from apps.sandbox.vendors.wire import NoAnswer

# A person waits: give up sooner than the vendor's back-end would. What is left open the simulator resumes.
_PATIENCE = Patience(retries=1, pause_seconds=0.3, longest_pause_seconds=1.0)


@require_safe
@xframe_options_exempt
def client_page(request: HttpRequest, vendor: str) -> HttpResponse:
    """The game, ready to spin."""
    session = _session(vendor, request.GET.get("token", ""))
    game = game_of(vendor, session.game_code)
    table = paytable_of(vendor, session.game_code)
    context = {
        "dialect": SPEAKERS[vendor],
        "session": session,
        "game": game,
        "prizes": [(table.symbols[prize], _times(prize)) for prize in reversed(list(table.weights))],
        "stakes": [(stake, money_text(stake, session.currency)) for stake in stakes_of(session.currency)],
        "first_symbols": game.symbols[-3:],
        "hue": _hue(session.game_code),
        "data": {"token": session.token, "symbols": list(game.symbols)},
    }
    return render(request, "sandbox/client.html", context)


@require_safe
def client_state(request: HttpRequest, vendor: str) -> JsonResponse:
    """The player's balance, asked of the platform."""
    session = _session(vendor, request.GET.get("token", ""))
    if session.demo_balance is not None:
        return JsonResponse({"balance": money_text(session.demo_balance, session.currency)})
    try:
        answer = SPEAKERS[vendor].balance(session)
    except NoAnswer:
        return JsonResponse({"error": "The casino does not answer. Please try again."}, status=503)
    if answer.status not in SPEAKERS[vendor].words.accepted:
        return JsonResponse({"error": _message(vendor, answer.status)}, status=409)
    return JsonResponse({"balance": money_text(answer.balance or 0, session.currency)})


@csrf_exempt
@require_POST
def client_spin(request: HttpRequest, vendor: str) -> JsonResponse:
    """Play one round for the stake asked, and say what it brought."""
    try:
        wanted = json.loads(request.body)
        token, stake = str(wanted["token"]), wanted["stake"]
    except (ValueError, KeyError, TypeError):
        return JsonResponse({"error": "The request is not understood."}, status=400)
    session = _session(vendor, token)
    if stake not in stakes_of(session.currency):
        return JsonResponse({"error": "That stake is not offered."}, status=400)
    rng = random.SystemRandom()
    if session.demo_balance is not None:
        return _spin_for_play_money(session, stake, rng)
    try:
        played = play_round(session, stake=stake, scenario="clean", rng=rng, patience=_PATIENCE)
    except LeftOpen:
        return JsonResponse({"error": "The casino does not answer. Your round will be settled."}, status=503)
    round_ = played.round
    if round_.state != SimulatedRound.State.SETTLED:
        return JsonResponse({"error": _message(vendor, played.status)}, status=409)
    shown = {"symbols": round_.symbols, "round": round_.reference}
    return JsonResponse(shown | _result(round_.stake, round_.payout, played.balance or 0, session.currency))


@require_safe
@xframe_options_exempt
def round_page(request: HttpRequest, vendor: str, reference: str) -> HttpResponse:
    """What a round showed and how its money moved, from the vendor's own journal."""
    round_ = get_object_or_404(SimulatedRound.objects.select_related("session"), vendor_id=vendor, reference=reference)
    currency = round_.session.currency
    rows = [
        (row, money_text(row.amount, currency) if row.kind != "rollback" else "-") for row in round_.transactions.all()
    ]
    context = {
        "dialect": SPEAKERS[vendor],
        "round": round_,
        "game": game_of(vendor, round_.session.game_code),
        "stake": money_text(round_.stake, currency),
        "payout": money_text(round_.payout, currency),
        "rows": rows,
        "hue": _hue(round_.session.game_code),
    }
    return render(request, "sandbox/round.html", context)


@require_safe
@cache_control(public=True, max_age=86_400)
def thumbnail(request: HttpRequest, vendor: str, code: str) -> HttpResponse:
    """The game's picture for lobbies, drawn from its symbols."""
    game = GAMES.get(vendor, {}).get(code)
    if game is None:
        raise Http404
    hue = _hue(code)
    words = game.title.split()
    half = (len(words) + 1) // 2
    # Which of the game's symbols, so that games of one set do not look alike.
    first = hue % len(game.symbols)
    left, middle, right = (game.symbols[(first + step) % len(game.symbols)] for step in (0, 2, 5))
    context = {
        "game": game,
        "hue": hue,
        "hue2": (hue + 50) % 360,
        "lines": [" ".join(words[:half]), " ".join(words[half:])],
        "left": left,
        "middle": middle,
        "right": right,
    }
    return render(request, "sandbox/thumbnail.svg", context, content_type="image/svg+xml")


def _session(vendor: str, token: str) -> SimulatedSession:
    return get_object_or_404(SimulatedSession.objects.select_related("vendor"), vendor_id=vendor, token=token)


def _spin_for_play_money(session: SimulatedSession, stake: int, rng: random.Random) -> JsonResponse:
    try:
        spin = spin_demo(session, stake=stake, rng=rng)
    except NotEnoughPlayMoney:
        return JsonResponse({"error": "Your play money is spent. Open the game again for more."}, status=409)
    shown = {"symbols": spin.symbols, "round": ""}
    return JsonResponse(shown | _result(stake, spin.payout(stake), session.demo_balance or 0, session.currency))


def _result(stake: int, payout: int, balance: int, currency: str) -> dict[str, Any]:
    return {
        # A return below the stake is a loss: game rules (UK RTS 14E) forbid celebrating it.
        "won": payout > stake,
        "returned": 0 < payout <= stake,
        "big": payout >= 10 * stake,
        "payout": money_text(payout, currency),
        "balance": money_text(balance, currency),
    }


def _message(vendor: str, status: str) -> str:
    return dict(SPEAKERS[vendor].words.messages).get(status, f"The casino refused the bet ({status}).")


def _times(prize: Any) -> str:
    return f"{float(prize):g} x"


def _hue(code: str) -> int:
    return hashlib.sha256(code.encode()).digest()[0] * 360 // 256
