"""Who calls the player API: `Authorization: Bearer <token of a log-in>`, and nothing else."""

from dataclasses import dataclass
from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.core import clock
from apps.core.request_context import set_actor
from apps.players.models import Player, PlayerSession
from apps.players.operations import note_use
from apps.players.queries import session_of

_MAX_TOKEN_LENGTH = 200


@dataclass(frozen=True, slots=True)
class PlayerPrincipal:
    """The caller: a player in one of his sessions. Never a member of staff."""

    player: Player
    session: PlayerSession

    is_authenticated: ClassVar[bool] = True
    is_staff: ClassVar[bool] = False
    is_superuser: ClassVar[bool] = False


class PlayerTokenAuthentication(BaseAuthentication):
    """Finds a bearer token's live session: `request.auth`, with its :class:`PlayerPrincipal` as `request.user`."""

    def authenticate(self, request: Request) -> tuple[PlayerPrincipal, PlayerSession] | None:
        """
        Read the header.

        :raises AuthenticationFailed: if the token is unknown, revoked, expired, or its player shut out
        """
        scheme, _, credentials = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        token = credentials.strip().decode("latin-1")
        now = clock.now()
        session = session_of(token, now) if 0 < len(token) <= _MAX_TOKEN_LENGTH else None
        if session is None:
            raise AuthenticationFailed("The token is unknown, revoked or expired. Log in again.")
        set_actor(f"player:{session.player.public_id}")
        note_use(session=session, now=now)
        return PlayerPrincipal(session.player, session), session

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """Ask for a token: this also makes DRF answer 401 and not 403."""
        return 'Bearer realm="player"'


class PlayerTokenScheme(OpenApiAuthenticationExtension):
    """How the API description names it."""

    target_class = PlayerTokenAuthentication
    name = "playerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 - its signature
        """Return the security scheme of OpenAPI."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The `token` that `POST /api/v1/sessions` returns. Opaque; it ends with the session.",
        }
