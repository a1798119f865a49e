"""The sandbox endpoints for integrators and tests. No authentication: they exist only where SANDBOX=1."""

import time

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.errors import DomainError
from apps.sandbox.api.serializers import (
    ClockRequest,
    ExactJSONParser,
    SessionRequest,
    SidRequest,
    player_document,
)
from apps.sandbox.sandbox_players import player_by_user_id
from apps.sandbox.seating import seat_again, seat_player

# What reading the clock's offset may take at most, in a process that began just before it changed.
_READ_SECONDS = 0.05


class ClockStuck(DomainError):
    """The clock moves forward only, and by a century at most."""

    code = "clock-stuck"
    title = "The clock does not move that far"
    status = 409


class SandboxSessionView(APIView):
    """Makes or resets a test player and seats it at a provider."""

    parser_classes = (ExactJSONParser,)
    authentication_classes = ()

    def post(self, request: Request) -> Response:
        """Open a game session; see the contract's Sandbox section."""
        form = SessionRequest(data=request.data)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        seat = seat_player(
            provider=wanted["provider"],
            user_id=wanted.get("userId") or "",
            currency=wanted["currency"],
            cash=wanted.get("cashAmount"),
            promo=wanted.get("promoAmount"),
            blocked=wanted["isBlocked"],
            game_code=wanted.get("gameId") or "",
            now=clock.now(),
        )
        return Response({"success": True, "result": {"token": seat.token, "userId": str(seat.player.public_id)}})


class EvolutionSidView(APIView):
    """Gives a player one more sid, as Evolution's licensee tests ask for; sids he has stay good."""

    parser_classes = (ExactJSONParser,)
    authentication_classes = ()

    def post(self, request: Request) -> Response:
        """Open one more game session; a player nobody knows is made, with 1000 to play."""
        form = SidRequest(data=request.data)
        form.is_valid(raise_exception=True)
        seat = seat_again(vendor="evolution", user_id=form.validated_data["userId"], now=clock.now())
        return Response({"sid": seat.token, "userId": str(seat.player.public_id)})


class SandboxPlayerView(APIView):
    """Shows what a player's wallet holds and how it came to."""

    authentication_classes = ()

    def get(self, request: Request, user_id: str) -> Response:  # noqa: ARG002 - the signature is DRF's
        """Every balance and every posting, oldest first."""
        return Response(player_document(player_by_user_id(user_id)))


class SandboxClockView(APIView):
    """Moves the platform's business clock; once it has answered, every process goes by the new time."""

    authentication_classes = ()

    def post(self, request: Request) -> Response:
        """
        Go forward by so many seconds, and say what time it is then.

        :raises ClockStuck: beyond a century in all
        """
        form = ClockRequest(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            clock.advance(form.validated_data["advance_seconds"])
        except clock.ClockNotMovable as error:
            raise ClockStuck(str(error)) from error
        # Until then another process may still judge a bet by the old time.
        time.sleep(clock.CACHE_SECONDS + _READ_SECONDS)
        now = clock.now()
        return Response({"now": now.isoformat().replace("+00:00", "Z")})
