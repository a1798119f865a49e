"""A player's wallets and the history of the money in them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from apps.players.api.player_view import PlayerView, principal_of
from apps.wallets.api.serializers import MovementFilterSerializer, MovementSerializer, WalletPageSerializer
from apps.wallets.history import movements, transactions_of
from apps.wallets.queries import balances_of, in_play_of


class WalletsView(PlayerView):
    """The player's wallets."""

    @extend_schema(
        operation_id="list_wallets",
        summary="List my wallets",
        description="One wallet for each currency the player has money in or has had. Always one page.",
        tags=["Wallet"],
        responses=WalletPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List them."""
        player_id = principal_of(request).player.pk
        page = {"results": balances_of(player_id), "next": None, "previous": None}
        return Response(WalletPageSerializer(page, context={"in_play": in_play_of(player_id)}).data)


class TransactionsView(PlayerView, ListAPIView[Any]):
    """The history of the player's money."""

    serializer_class = MovementSerializer
    cursor_ordering = "-id"

    @extend_schema(
        operation_id="list_transactions",
        summary="List my transactions",
        description="Everything that moved the player's money, newest first. Amounts are signed.",
        tags=["Wallet"],
        parameters=[MovementFilterSerializer],
    )
    def get(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """List one page."""
        terms = MovementFilterSerializer(data=request.query_params)
        terms.is_valid(raise_exception=True)
        player = principal_of(request).player
        page = self.paginate_queryset(transactions_of(player.pk, **terms.validated_data)) or []
        return self.get_paginated_response(self.get_serializer(movements(player.pk, page), many=True).data)
