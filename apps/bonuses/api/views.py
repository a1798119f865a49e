"""A player's bonuses: see them, take one, give one up."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from apps.bonuses.api.serializers import BonusListSerializer, BonusSerializer, OpenOfferSerializer
from apps.bonuses.models import Grant
from apps.bonuses.operations.claims import claim_bonus
from apps.bonuses.operations.endings import forfeit_by_player
from apps.bonuses.queries import grants_of, offers_open_to
from apps.core import clock
from apps.core.idempotency import idempotent
from apps.core.throttling import RateLimit, throttle
from apps.players.api.player_view import PlayerThrottle, PlayerView, principal_of

ClaimThrottle = throttle(RateLimit("bonuses", limit=30, seconds=60))
_ID = OpenApiParameter("public_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Its `id`.")


class BonusesView(PlayerView, ListAPIView[Grant]):
    """Lists bonuses."""

    serializer_class = BonusSerializer
    cursor_ordering = "-id"

    @extend_schema(
        operation_id="list_bonuses",
        summary="List my bonuses, and the offers open to me",
        description=(
            "`results` are my bonuses with their progress, newest first. `available` are offers that I may take with"
            " `POST bonuses/{id}/claim`, or that a deposit brings."
        ),
        tags=["Bonuses"],
        responses=BonusListSerializer,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List one page."""
        response = super().get(request, *args, **kwargs)
        found: Any = offers_open_to(principal_of(request).player, now=clock.now())
        return Response({"available": OpenOfferSerializer(found, many=True).data, **response.data})

    def get_queryset(self) -> QuerySet[Grant]:
        """The caller's own."""
        if getattr(self, "swagger_fake_view", False):
            return Grant.objects.none()
        return grants_of(principal_of(self.request).player)


class ClaimView(PlayerView):
    """Takes a bonus."""

    throttle_classes = (PlayerThrottle, ClaimThrottle)

    @extend_schema(
        operation_id="claim_bonus",
        summary="Take a bonus",
        description=(
            "One of `results` whose state is `offered`, or one of `available` whose state is `available`. The money is"
            " in the bonus balance with the answer. Refused with `bonus-not-available`, `bonus-over`,"
            " `bonus-already-active`, `bonus-needs-identity`, `bonus-during-play`, `bonus-needs-deposit`,"
            " `bonus-ended` or `bonus-unknown`."
        ),
        tags=["Bonuses"],
        parameters=[_ID],
        request=None,
        responses=BonusSerializer,
    )
    @idempotent()
    def post(self, request: Request, public_id: UUID) -> Response:
        """Take it. A refusal is answered, not raised: how the claim was judged is kept."""
        outcome = claim_bonus(player=principal_of(request).player, public_id=public_id, now=clock.now())
        if outcome.refusal is not None:
            return self.handle_exception(outcome.refusal)
        return Response(BonusSerializer(outcome.grant).data)


class ForfeitView(PlayerView):
    """Gives a bonus up."""

    throttle_classes = (PlayerThrottle, ClaimThrottle)

    @extend_schema(
        operation_id="forfeit_bonus",
        summary="Give a bonus up",
        description=(
            "What is left of the bonus goes back; my own money is not touched. Refused with `bonus-ended` or"
            " `bonus-unknown`."
        ),
        tags=["Bonuses"],
        parameters=[_ID],
        request=None,
        responses=BonusSerializer,
    )
    @idempotent()
    def post(self, request: Request, public_id: UUID) -> Response:
        """End it."""
        player = principal_of(request).player
        grant = forfeit_by_player(player=player, public_id=public_id, now=clock.now())
        return Response(BonusSerializer(grant).data)
