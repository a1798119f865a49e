"""The player's rounds: every round with its result, and what becomes of those that were interrupted."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.players.api.player_view import PlayerView, principal_of
from apps.players.models import Player
from apps.providers.api.round_serializers import INCOMPLETE, RoundFilterSerializer, RoundSerializer
from apps.providers.api.views import sessions_of
from apps.providers.availability import games_for
from apps.providers.incomplete_rounds import handed_among, incomplete_of, standings_at
from apps.providers.models import GameSession, Round, RoundPolicy
from apps.providers.round_policies import Standing, new_start
from apps.providers.round_queries import games_by_id, rounds_of
from apps.safer_play.exclusions import is_excluded


class RoundsView(PlayerView, ListAPIView[Round]):
    """The player's rounds."""

    serializer_class = RoundSerializer
    cursor_ordering = "-id"

    @extend_schema(
        operation_id="list_rounds",
        summary="List my rounds",
        description=(
            "Every round played for money with its result, newest first. With `state=incomplete` those that were"
            " interrupted: the stake still in play, what happens to it and when by the published rule, and where the"
            " round can be resumed."
        ),
        tags=["Games"],
        parameters=[RoundFilterSerializer],
    )
    def get(self, request: Request) -> Response:
        """List one page."""
        form = RoundFilterSerializer(data=request.query_params)
        form.is_valid(raise_exception=True)
        player, now = principal_of(request).player, clock.now()
        page: Any = self.paginate_queryset(_narrowed(player, form.validated_data, now)) or []
        return self.get_paginated_response(RoundSerializer(page, many=True, context=_context(player, page, now)).data)


def _narrowed(player: Player, terms: dict[str, Any], now: datetime) -> QuerySet[Round]:
    rounds = rounds_of(player.pk)
    if "session" in terms:
        session_id = sessions_of(player).filter(public_id=terms["session"]).values_list("pk", flat=True).first()
        rounds = rounds.filter(session_id=session_id or 0)
    if terms.get("state") == INCOMPLETE:
        return rounds.filter(pk__in=incomplete_of(player, now=now))
    return rounds.filter(state=terms["state"]) if "state" in terms else rounds


def _context(player: Player, page: list[Round], now: datetime) -> dict[str, Any]:
    sessions = GameSession.objects.filter(pk__in={found.session_id for found in page})
    games = games_by_id(found.game_id for found in page)
    known = standings_at(player, [each for each in page if each.state == Round.State.OPEN], games)
    standings = {pk: each for pk, each in known.items() if each.interrupted_at <= now}
    return {
        "games": games,
        "sessions": dict(sessions.order_by().values_list("pk", "public_id")),
        "standings": standings,
        "handed": handed_among(standings) if standings else set(),
        "resumable": _resumable(player, [each for each in page if each.pk in standings], standings, games, now),
    }


def _resumable(
    player: Player, rounds: list[Round], standings: dict[int, Standing], games: dict[int, Any], now: datetime
) -> set[int]:
    """Games that the player may launch here and now, and whose launch goes on with the round."""
    wanted = {
        each.game_id
        for each in rounds
        if new_start(standings[each.pk].policy, games[each.game_id].category) == RoundPolicy.NewStart.RESUME
    }
    if not wanted or is_excluded(player.pk, now=now):
        return set()
    return set(games_for(player, now=now).filter(pk__in=wanted).order_by().values_list("pk", flat=True))
