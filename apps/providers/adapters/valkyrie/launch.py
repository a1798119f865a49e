"""Valkyrie's Operator API: `POST /{provider}/gamelaunch`. Source: its OpenAPI document; reference, section 5."""

import json
from typing import Any
from urllib.parse import quote, urlsplit

from apps.integrations.outbound import VendorResponse, call_vendor
from apps.providers.adapters.valkyrie.options import OPTIONS
from apps.providers.launch_contract import LaunchAnswerUnusable, LaunchNotConfigured, LaunchOrder, LaunchRefused

_OK = 200
_MESSAGE_LENGTH = 200
_LANGUAGE_LENGTH = 2


class ValkyrieLauncher:
    """Opens games of one provider behind the aggregator. There is no play for fun in the API."""

    demo_currency: str | None = None

    def launch(self, order: LaunchOrder) -> str:
        """
        Ask for the game's address; see `Launcher`. The operator's API key is sent where there is one.

        :raises LaunchRefused: HTTP 400 or 401, or any other refusal
        :raises LaunchAnswerUnusable: for 200 without an address
        :raises LaunchNotConfigured: for an order without a player
        """
        if order.token is None:
            raise LaunchNotConfigured("Valkyrie has no play for fun")
        headers = {"Content-Type": "application/json", "Accept": "application/json", "X-Player-Token": order.token}
        keys = order.connection.keys_for("api_access", "operator_api_key")
        if keys:
            headers["Authorization"] = f"Bearer {keys[0].secret.decode()}"
        provider = quote(str(OPTIONS.of(order.connection, "provider")), safe="")
        response = call_vendor(
            connection=order.connection,
            verb="launch",
            method="POST",
            path=f"/{provider}/gamelaunch",
            body=json.dumps(_wire(order), ensure_ascii=False, separators=(",", ":")).encode(),
            headers=headers,
            timeout_seconds=float(OPTIONS.of(order.connection, "launch_timeout_seconds")),
            refs=(order.reference,),
            player_id=order.player_id,
            signed_by=keys[0].kid if keys else "",
        )
        return _address(response)


def _wire(order: LaunchOrder) -> dict[str, Any]:
    facts = {
        "currency": order.currency,
        "providerGameId": order.game_code,
        "playerId": order.user,
        "casino": OPTIONS.of(order.connection, "casino"),
        "country": order.country,
        "language": order.language[:_LANGUAGE_LENGTH],
        "sessionIp": order.remote_address,
    }
    return {name: value for name, value in facts.items() if value}


def _address(response: VendorResponse) -> str:
    if response.status != _OK:
        raise LaunchRefused(response.status, response.body.decode("utf-8", "replace")[:_MESSAGE_LENGTH])
    try:
        answer = json.loads(response.body)
        url = answer.get("gameUrl") if isinstance(answer, dict) else None
        parts = urlsplit(url) if isinstance(url, str) else None
    except (ValueError, RecursionError):
        url, parts = None, None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise LaunchAnswerUnusable("200 without an absolute http(s) gameUrl")
    return str(url)
