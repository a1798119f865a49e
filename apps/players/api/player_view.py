"""What every view of the player API stands on: the player's token, strict JSON, a limit per player."""

from typing import cast

from django.conf import settings
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apps.core.api.parsers import StrictJSONParser
from apps.core.throttling import AddressThrottle, RateLimit, RateLimitThrottle
from apps.players.api.authentication import PlayerPrincipal, PlayerTokenAuthentication


def player_rate_limit(name: str) -> RateLimit:
    """One of settings.PLAYER_RATE_LIMITS: (requests, seconds) by name."""
    limit, seconds = settings.PLAYER_RATE_LIMITS[name]
    return RateLimit(f"player-{name}", limit=limit, seconds=seconds)


class PlayerThrottle(RateLimitThrottle):
    """All requests of one player, whatever they ask for."""

    rate_limit = player_rate_limit("requests")


class RegisterThrottle(AddressThrottle):
    """Registrations from one address."""

    rate_limit = player_rate_limit("register")


class LoginThrottle(AddressThrottle):
    """Attempts to log in from one address, right ones included."""

    rate_limit = player_rate_limit("login")


class PlayerView(APIView):
    """A view for a logged-in player. Others get 401."""

    authentication_classes = (PlayerTokenAuthentication,)
    permission_classes = (IsAuthenticated,)
    parser_classes = (StrictJSONParser,)
    throttle_classes: tuple[type[BaseThrottle], ...] = (PlayerThrottle,)


def principal_of(request: Request) -> PlayerPrincipal:
    """The player and session behind a request to a :class:`PlayerView`."""
    return cast("PlayerPrincipal", request.user)
