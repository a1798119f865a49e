"""The lobby, launching a game, and the player's own game sessions."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.core.money import Money
from apps.core.throttling import RateLimit, throttle
from apps.players.api.player_view import PlayerThrottle, PlayerView, principal_of
from apps.players.caller import caller_of
from apps.players.models import Player
from apps.providers.api.serializers import (
    GameFilterSerializer,
    GameSerializer,
    GameSessionSerializer,
    LaunchedSerializer,
    LaunchSerializer,
)
from apps.providers.availability import games_for
from apps.providers.launch import LaunchedGame, launch_game
from apps.providers.models import Game, GameSession
from apps.providers.round_queries import totals_by_session

# Each launch costs the provider work and us a session; nobody opens a game a second.
LaunchThrottle = throttle(RateLimit("game-launch", limit=60, seconds=60))


class GamesView(PlayerView, ListAPIView[Game]):
    """The lobby."""

    serializer_class = GameSerializer
    cursor_ordering = "lobby_order"

    @extend_schema(
        operation_id="list_games",
        summary="List games I may play",
        description=(
            "Only games that this player may play for money here and now: enabled, offered by the brand, allowed in"
            " his country, certified where his jurisdiction asks for it, and playable in his currency. In the order of"
            " the brand's lobby. Empty while the account may not play."
        ),
        tags=["Games"],
        parameters=[GameFilterSerializer],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List one page."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Game]:
        """Games for the caller, narrowed as asked."""
        if getattr(self, "swagger_fake_view", False):
            return Game.objects.none()
        form = GameFilterSerializer(data=self.request.query_params)
        form.is_valid(raise_exception=True)
        terms = form.validated_data
        games = games_for(
            principal_of(self.request).player,
            now=clock.now(),
            platform=terms.get("platform"),
            currency=terms.get("currency"),
        )
        lookups = {"category": "lobby_category", "studio": "studio__code", "search": "title__icontains"}
        return games.filter(**{lookup: terms[name] for name, lookup in lookups.items() if name in terms})


class LaunchView(PlayerView):
    """Opens a game."""

    throttle_classes = (PlayerThrottle, LaunchThrottle)

    @extend_schema(
        operation_id="launch_game",
        summary="Launch a game",
        description=(
            "Opens a game session and returns the address of the game. Refused with `play-blocked`, `game-unknown` or"
            " `game-not-available` (whose `reasons` say why); when the provider fails, with `launch-failed` or"
            " `launch-timed-out`, after which it may be tried again. A demo is played with the provider's play money:"
            " no wallet is touched. Where a round of the game is unfinished the launch goes on with it (`resumes`), or"
            " is refused with `unfinished-round`, which says what happens to it."
        ),
        tags=["Games"],
        parameters=[OpenApiParameter("code", str, OpenApiParameter.PATH, description="From `GET games`.")],
        request=LaunchSerializer,
        responses={201: LaunchedSerializer},
        examples=[
            OpenApiExample("For money", value={"mode": "real", "platform": "mobile"}, request_only=True),
            OpenApiExample(
                "Opened",
                value={
                    "session": "0199a3c2-5f1e-7c3a-9b1d-2f60c1a7e4d5",
                    "url": "https://games.example.com/play?token=8tV0y0kZq1m4",
                    "expires_at": "2026-03-01T20:15:00Z",
                    "resumes": None,
                },
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, code: str) -> Response:
        """Open it."""
        form = LaunchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        terms = form.validated_data
        launched = launch_game(
            player_session=principal_of(request).session,
            game_code=code,
            mode=terms["mode"],
            platform=terms["platform"],
            currency=terms.get("currency"),
            remote_address=caller_of(request).remote_address,
            now=clock.now(),
        )
        session = launched.session
        answer = {
            "session": session.public_id,
            "url": launched.url,
            "expires_at": session.expires_at,
            "resumes": _resumed_document(launched),
        }
        # The address holds the token of the game session.
        headers = {"Cache-Control": "no-store"}
        return Response(LaunchedSerializer(answer).data, status=status.HTTP_201_CREATED, headers=headers)


def _resumed_document(launched: LaunchedGame) -> dict[str, Any] | None:
    if launched.resumed is None:
        return None
    found = launched.resumed.round
    held = Money(found.held_amount, found.currency)
    return {"round": str(found.pk), "held": held, "since": found.opened_at}


class GameSessionsView(PlayerView, ListAPIView[GameSession]):
    """The player's game sessions."""

    serializer_class = GameSessionSerializer
    cursor_ordering = "-id"

    @extend_schema(
        operation_id="list_game_sessions",
        summary="List my game sessions",
        description="Each launch of a game with what was played in it, newest first.",
        tags=["Games"],
    )
    def get(self, request: Request) -> Response:
        """List one page."""
        player = principal_of(request).player
        page = self.paginate_queryset(sessions_of(player)) or []
        return self.get_paginated_response(_session_documents(player, page))


class GameSessionView(PlayerView):
    """One game session."""

    @extend_schema(
        operation_id="get_game_session",
        summary="Show one of my game sessions",
        tags=["Games"],
        parameters=[OpenApiParameter("session", str, OpenApiParameter.PATH, description="Its `id`.")],
        responses=GameSessionSerializer,
    )
    def get(self, request: Request, session: UUID) -> Response:
        """Show it; somebody else's is not found."""
        player = principal_of(request).player
        found = sessions_of(player).filter(public_id=session).first()
        if found is None:
            raise Http404
        return Response(_session_documents(player, [found])[0])


def sessions_of(player: Player) -> QuerySet[GameSession]:
    """Game sessions of a player, each with its game."""
    return GameSession.objects.filter(player=player).select_related("game")


def _session_documents(player: Player, sessions: Any) -> Any:
    totals = totals_by_session(player.pk, [session.pk for session in sessions])
    context = {"now": clock.now(), "totals": totals}
    return GameSessionSerializer(sessions, many=True, context=context).data
