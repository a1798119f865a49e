"""A client of the player API that is logged in as somebody, whatever his password."""

from typing import Any

from django.test import Client

from apps.core import clock
from apps.players.caller import Caller
from apps.players.models import Player
from apps.players.operations.sessions import open_session


class ApiClient:
    """Sends a player's token."""

    def __init__(self, token: str, client: Client) -> None:
        self.headers, self.client = {"Authorization": f"Bearer {token}"}, client

    def get(self, path: str) -> Any:
        """GET."""
        return self.client.get(path, headers=self.headers)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        """POST JSON, or multipart if `more` says so."""
        more.setdefault("content_type", "application/json")
        return self.client.post(path, body or {}, headers=self.headers, **more)

    def upload(self, path: str, **fields: Any) -> Any:
        """POST multipart."""
        return self.client.post(path, fields, headers=self.headers)


def as_player(player: Player, client: Client | None = None) -> ApiClient:
    """Open a session for a player."""
    _, token = open_session(player=player, caller=Caller(), now=clock.now())
    return ApiClient(token, client or Client())
