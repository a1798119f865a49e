"""Registration. It opens a player's first wallet too, so its door stands here and not in `apps.players`."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.api.parsers import StrictJSONParser
from apps.core.client_address import client_address
from apps.core.idempotency import idempotent
from apps.players.api.player_view import RegisterThrottle
from apps.players.api.serializers import MeSerializer, RegistrationSerializer
from apps.players.operations import admit_registration
from apps.wallets.operations import register_with_wallet

_EXAMPLE = OpenApiExample(
    "Register",
    value={
        "username": "astrid",
        "password": "quiet-harbour-42",
        "brand": "aurora",
        "email": "astrid@example.com",
        "birth_date": "1991-04-17",
        "country": "MT",
        "currency": "EUR",
        "first_name": "Astrid",
        "last_name": "Vella",
    },
    request_only=True,
)


class PlayersView(APIView):
    """Open to anybody; counted by address."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (StrictJSONParser,)
    throttle_classes = (RegisterThrottle,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """
        Ask whoever else has a say about the person, before the request's transaction begins: it may be another system.

        What can not be read is left to the request itself to refuse.
        """
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and (form := RegistrationSerializer(data=request.data)).is_valid():
            admit_registration(registration=form.registration(), now=clock.now())

    def idempotency_scope(self, request: Request) -> str:
        """A stranger is known by the address only. A key is useless without the same body, password included."""
        return f"address:{client_address(request)}"

    @extend_schema(
        operation_id="register",
        summary="Register",
        description=(
            "Opens an account at a brand and its first wallet, in `currency`. The country decides the jurisdiction"
            " and with it the legal age. Refusals: `username-taken` and `email-taken` (409), `unknown-brand`,"
            " `country-not-served`, `currency-not-offered`, `too-young`, `password-too-weak` (422). Registering does"
            " not log in: `POST /api/v1/sessions` does."
        ),
        tags=["Player"],
        auth=[],
        request=RegistrationSerializer,
        responses={201: MeSerializer},
        examples=[_EXAMPLE],
    )
    @idempotent(required=False)
    def post(self, request: Request) -> Response:
        """Register a player."""
        form = RegistrationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        player = register_with_wallet(registration=form.registration(), now=clock.now())
        return Response(MeSerializer(player).data, status=status.HTTP_201_CREATED)
