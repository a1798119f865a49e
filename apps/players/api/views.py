"""Log-in, sessions and the player's own profile. Registration is in `apps.wallets.api`: it opens a wallet too."""

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import clock
from apps.players.api.player_view import LoginThrottle, PlayerView, principal_of
from apps.players.api.serializers import (
    ContactSerializer,
    LoginSerializer,
    MeSerializer,
    SessionSerializer,
    TokenSerializer,
)
from apps.players.caller import caller_of
from apps.players.models import PlayerSession
from apps.players.operations import change_contact, log_in, log_out, revoke_session
from apps.players.queries import live_sessions

_LOGIN_EXAMPLE = OpenApiExample(
    "Log in",
    value={"username": "astrid", "password": "quiet-harbour-42", "brand": "aurora", "device": "web-7f3a"},
    request_only=True,
)
_TOKEN_EXAMPLE = OpenApiExample(
    "Logged in",
    value={
        "token": "8tV0y0kZq1m4cJxR5bWf2nHsLdUaEoPiGvQeTzYwXhM",
        "expires_at": "2026-03-02T08:15:00Z",
        "session": "0199a3c2-5f1e-7c3a-9b1d-2f60c1a7e4d5",
    },
    response_only=True,
)


class SessionsView(PlayerView, ListAPIView[PlayerSession]):
    """The player's log-ins."""

    serializer_class = SessionSerializer
    cursor_ordering = "-id"

    def get_authenticators(self) -> list[Any]:
        """Who logs in has no token yet, and a stale one must not stand in the way."""
        return [] if self._is_login() else super().get_authenticators()

    def get_permissions(self) -> list[Any]:
        """Anybody may try to log in."""
        return [] if self._is_login() else list(super().get_permissions())

    def get_throttles(self) -> list[Any]:
        """Log-ins are counted by address, the rest by player."""
        return [LoginThrottle()] if self._is_login() else super().get_throttles()

    def get_queryset(self) -> Any:
        """Live sessions of the caller."""
        if getattr(self, "swagger_fake_view", False):
            return PlayerSession.objects.none()
        return live_sessions(principal_of(self.request).player.pk, clock.now())

    @extend_schema(
        operation_id="list_sessions",
        summary="List my sessions",
        description="Where the player is logged in: sessions that are neither ended nor expired, newest first.",
        tags=["Sessions"],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the caller's live sessions."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="log_in",
        summary="Log in",
        description=(
            "Opens a session and returns its bearer token. A wrong password and an unknown username get the same"
            " answer (`invalid-credentials`). After five wrong passwords in a row the username is locked for"
            " fifteen minutes (`login-locked`, with `Retry-After`). Where the law of one of the brand's markets wants"
            " less, it is as many as that law says, and where it wants more to open the lock again, support opens it"
            " (`login-locked-until-proven`). Who knows the password of an account that may"
            " not log in is told so: `account-suspended`, `account-closed` or `login-restricted`."
        ),
        tags=["Sessions"],
        auth=[],
        request=LoginSerializer,
        responses={201: TokenSerializer},
        examples=[_LOGIN_EXAMPLE, _TOKEN_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        """Open a session."""
        form = LoginSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        terms = form.validated_data
        logged_in = log_in(
            brand=terms["brand"],
            username=terms["username"],
            password=terms["password"],
            caller=caller_of(request, device=terms["device"]),
            now=clock.now(),
        )
        session = logged_in.session
        answer = {"token": logged_in.token, "expires_at": session.expires_at, "session": session.public_id}
        # RFC 6749 section 5.1: an answer that carries a token is kept nowhere.
        headers = {"Cache-Control": "no-store"}
        return Response(TokenSerializer(answer).data, status=status.HTTP_201_CREATED, headers=headers)

    def _is_login(self) -> bool:
        # There is no request while the API is being described.
        return getattr(self.request, "method", None) == "POST"


class CurrentSessionView(PlayerView):
    """The session of the request."""

    @extend_schema(
        operation_id="log_out",
        summary="Log out",
        description="Ends the session of the token that is sent. The token is of no use from then on.",
        tags=["Sessions"],
        request=None,
        responses={204: OpenApiResponse(description="Logged out")},
    )
    def delete(self, request: Request) -> Response:
        """End it."""
        log_out(session=principal_of(request).session, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SessionView(PlayerView):
    """One of the player's sessions."""

    @extend_schema(
        operation_id="revoke_session",
        summary="End one of my sessions",
        description="For a device that was lost or a log-in the player does not recognise.",
        tags=["Sessions"],
        parameters=[OpenApiParameter("session", str, OpenApiParameter.PATH, description="Its `id`.")],
        request=None,
        responses={204: OpenApiResponse(description="Ended")},
    )
    def delete(self, request: Request, session: UUID) -> Response:
        """End it; somebody else's is not found."""
        if not revoke_session(player_id=principal_of(request).player.pk, public_id=session, now=clock.now()):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(PlayerView):
    """The player's own profile."""

    @extend_schema(
        operation_id="get_me",
        summary="Show my profile",
        description="Profile, contact details, status and restrictions of the player.",
        tags=["Player"],
        responses=MeSerializer,
    )
    def get(self, request: Request) -> Response:
        """Show it."""
        return Response(MeSerializer(principal_of(request).player).data)

    @extend_schema(
        operation_id="change_my_contact_details",
        summary="Change my contact details",
        description=(
            "Any of `email`, `phone`, `street`, `city`, `postcode`, `language`. Name, birth date and country are"
            " changed by support only; sending them is refused."
        ),
        tags=["Player"],
        request=ContactSerializer,
        responses=MeSerializer,
        examples=[
            OpenApiExample("Moved", value={"street": "12 Harbour Lane", "city": "Valletta"}, request_only=True),
        ],
    )
    def patch(self, request: Request) -> Response:
        """Change some of it."""
        form = ContactSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        player = principal_of(request).player
        changed = change_contact(player_id=player.pk, changes=form.validated_data, actor="player", now=clock.now())
        return Response(MeSerializer(changed).data)
