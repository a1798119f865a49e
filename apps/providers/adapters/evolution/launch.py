"""Evolution's launch: `POST /ua/v1/{casino key}/{api token}`. Source: game-provider reference, section 4."""

import json
from typing import Any
from urllib.parse import quote, urljoin, urlsplit
from uuid import uuid4

from apps.integrations.connections import Connection, Key
from apps.integrations.outbound import VendorResponse, call_vendor
from apps.providers.adapters.evolution.options import OPTIONS
from apps.providers.launch_contract import LaunchAnswerUnusable, LaunchNotConfigured, LaunchOrder, LaunchRefused

_OK = 200
_MESSAGE_LENGTH = 200
_LANGUAGE_LENGTH = 2


class EvolutionLauncher:
    """Opens tables. Live games are not played for fun."""

    demo_currency: str | None = None

    def launch(self, order: LaunchOrder) -> str:
        """
        Ask for the table's address; see `Launcher`. Both keys travel in the path, so the log does not keep them.

        :raises LaunchRefused: for `errors`, with their codes (G.0 and G.4 to G.7 are the vendor's own trouble)
        :raises LaunchAnswerUnusable: for any other answer without an address
        :raises LaunchNotConfigured: without both keys
        """
        casino, token = (_key(order.connection, name) for name in ("casino_key", "api_token"))
        secrets = tuple(quote(key.secret.decode(), safe="") for key in (casino, token))
        response = call_vendor(
            connection=order.connection,
            verb="launch",
            method="POST",
            path="/ua/v1/" + "/".join(secrets),
            body=json.dumps(_wire(order), ensure_ascii=False, separators=(",", ":")).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            timeout_seconds=float(OPTIONS.of(order.connection, "launch_timeout_seconds")),
            refs=(order.reference,),
            player_id=order.player_id,
            signed_by=casino.kid,
            let_in_by=(token,),
            path_secrets=secrets,
        )
        return _address(order.connection, response)


def _key(connection: Connection, name: str) -> Key:
    keys = connection.keys_for("api_access", name)
    if not keys:
        raise LaunchNotConfigured(f"{connection.slug} has no {name}")
    return keys[0]


def _wire(order: LaunchOrder) -> dict[str, Any]:
    connection = order.connection
    urls = {
        "lobby": OPTIONS.of(connection, "lobby_url") or order.frontend_url,
        "cashier": OPTIONS.of(connection, "cashier_url"),
    }
    game = {"category": OPTIONS.of(connection, "category"), "table": {"id": order.game_code}}
    return {
        "uuid": str(uuid4()),
        "player": {
            "id": order.user,
            "update": True,
            "firstName": order.first_name,
            "lastName": order.last_name,
            "country": order.country,
            "language": order.language[:_LANGUAGE_LENGTH],
            "currency": order.currency,
            "session": {"id": order.token, "ip": order.remote_address or "0.0.0.0"},  # noqa: S104 - required, unknown
        },
        "config": {
            "brand": {"id": OPTIONS.of(connection, "brand_id"), "skin": OPTIONS.of(connection, "brand_skin")},
            "game": {name: value for name, value in game.items() if value},
            "channel": {"wrapped": False, "mobile": order.platform == "mobile"},
            "urls": {name: value for name, value in urls.items() if value},
        },
    }


def _address(connection: Connection, response: VendorResponse) -> str:
    """Read the answer. The address is relative to the host that was asked; the player's browser is sent there."""
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    errors = answer.get("errors")
    if response.status != _OK or errors:
        words = [f"{each.get('code')} {each.get('message')}" for each in errors or [] if isinstance(each, dict)]
        raise LaunchRefused(response.status, "; ".join(words)[:_MESSAGE_LENGTH])
    entry = answer.get(OPTIONS.of(connection, "entry"))
    if not isinstance(entry, str) or not entry:
        raise LaunchAnswerUnusable("200 without an entry")
    try:
        address = urljoin(connection.base_url, entry)
        parts = urlsplit(address)
    except ValueError:
        raise LaunchAnswerUnusable("200 with an entry that is no address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise LaunchAnswerUnusable("200 with an entry that is no web address")
    return address
