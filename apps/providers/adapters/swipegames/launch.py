"""Swipe Games' launch: `POST /create-new-game`, signed over its canonical JSON. Source: reference, section 3."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from apps.integrations.connections import Connection, Key
from apps.integrations.outbound import VendorResponse, call_vendor
from apps.providers.adapters.swipegames.options import OPTIONS
from apps.providers.adapters.swipegames.signature import canonical, sign
from apps.providers.launch_contract import LaunchAnswerUnusable, LaunchNotConfigured, LaunchOrder, LaunchRefused

_LOCALES: Mapping[str, str] = MappingProxyType({"pt": "pt_br", "en": "en_us", "zh": "zh_tw", "es": "es"})
"""Where their code is not the language's own."""
_KNOWN = frozenset(
    {"ru", "ko", "th", "vi", "hi", "ja", "fr", "tr", "de", "id", "uz", "es_mx", "pt_br", "en_us", "zh_tw"}
)
_FALLBACK = "en_us"
_OK = 200
_MESSAGE_LENGTH = 200


class SwipeGamesLauncher:
    """Opens games."""

    demo_currency: str | None = "FUN"

    def launch(self, order: LaunchOrder) -> str:
        """
        Ask for the game's address; see `Launcher`.

        :raises LaunchRefused: HTTP 401 or 500, or any other refusal
        :raises LaunchAnswerUnusable: for 200 without an address
        :raises LaunchNotConfigured: without `cid` in the settings, or without the API key
        """
        key = _api_key(order.connection)
        body = canonical(_wire(order))
        response = call_vendor(
            connection=order.connection,
            verb="launch",
            method="POST",
            path="/create-new-game",
            body=body,
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "X-REQUEST-SIGN": sign(key.secret, body),
            },
            timeout_seconds=float(OPTIONS.of(order.connection, "launch_timeout_seconds")),
            refs=(order.reference,),
            player_id=order.player_id,
            signed_by=key.kid,
        )
        return _address(response)


def locale_of(language: str) -> str:
    """Their code of a language; English where they do not have it."""
    tag = language.lower().replace("-", "_")
    primary = tag.partition("_")[0]
    return next((each for each in (tag, primary) if each in _KNOWN), _LOCALES.get(primary, _FALLBACK))


def _api_key(connection: Connection) -> Key:
    keys = connection.keys_for("sign_outbound", "api_key")
    if not keys:
        raise LaunchNotConfigured(f"{connection.slug} has no api_key")
    return keys[0]


def _wire(order: LaunchOrder) -> dict[str, Any]:
    connection = order.connection
    cid = OPTIONS.of(connection, "cid")
    if not cid:
        raise LaunchNotConfigured(f"{connection.slug} has no cid in its settings")
    order_wire: dict[str, Any] = {
        "cID": str(cid),
        "extCID": OPTIONS.of(connection, "ext_cid") or connection.brand_code,
        "gameID": order.game_code,
        "demo": order.token is None,
        "platform": order.platform,
        "currency": order.currency,
        "locale": locale_of(order.language),
        "returnURL": OPTIONS.of(connection, "return_url") or order.frontend_url,
        "depositURL": OPTIONS.of(connection, "deposit_url"),
    }
    if order.token is not None:
        order_wire |= {"sessionID": order.token, "user": {"id": order.user, "country": order.country}}
    return {name: value for name, value in order_wire.items() if value not in (None, "")}


def _address(response: VendorResponse) -> str:
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    if response.status != _OK:
        raise LaunchRefused(response.status, str(answer.get("message", ""))[:_MESSAGE_LENGTH])
    url = answer.get("gameURL")
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise LaunchAnswerUnusable("200 without an absolute http(s) gameURL")
    return str(url)
