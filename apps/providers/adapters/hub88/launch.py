"""The launch API of the Hub88 family (`game/url`). Source: game-provider reference, sections 1 and 2."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from apps.integrations.connections import Connection, Key
from apps.integrations.outbound import VendorResponse, call_vendor
from apps.integrations.rsa_keys import UnusableKey
from apps.providers.adapters.hub88.profiles import Profile
from apps.providers.adapters.hub88.signature import sign
from apps.providers.launch_contract import LaunchAnswerUnusable, LaunchNotConfigured, LaunchOrder, LaunchRefused

_PLATFORMS: Mapping[str, str] = MappingProxyType({"desktop": "GPL_DESKTOP", "mobile": "GPL_MOBILE"})

_FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "hub88": frozenset(
            {
                "user", "token", "sub_partner_id", "platform", "operator_id", "lobby_url", "deposit_url", "lang", "ip",
                "game_code", "country", "currency",
            }
        ),
        # Operator's Guide 1.5, schema `game_url_body`: neither platform nor address.
        "caleta": frozenset(
            {
                "user", "token", "sub_partner_id", "operator_id", "lobby_url", "deposit_url", "lang", "game_code",
                "country", "currency",
            }
        ),
    }
)  # fmt: skip
"""What each member of the family knows; the rest of our facts stay with us."""

# Told when the vendor's guide asks for a lobby and neither the integration nor the brand names one.
_REQUIRED = frozenset({"lobby_url"})
_DEFAULT_TIMEOUT_SECONDS = 5.0
_OK = 200
# Of a vendor's refusal, so much goes into our log line; all of it is in the exchange log.
_MESSAGE_LENGTH = 200


class Hub88Launcher:
    """Opens games of one member of the family."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    @property
    def demo_currency(self) -> str:
        """`XXX` at Hub88, `FUN` at Caleta."""
        return self._profile.demo_currency

    def launch(self, order: LaunchOrder) -> str:
        """
        Ask for the game's address; see `Launcher`. The signature is over the exact bytes sent.

        :raises LaunchRefused: HTTP 400, 401, 403, 404, 500 with `{"error"}`
        :raises LaunchAnswerUnusable: for any other answer than 200 with `{"url"}`
        :raises LaunchNotConfigured: without `operator_id` in the options, or without a usable signing key
        """
        body = json.dumps(self._wire(order), ensure_ascii=False, separators=(",", ":")).encode()
        key = _signing_key(order.connection)
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            self._profile.signature_header: _signature(key, body),
        }
        timeout = float(order.connection.options.get("launch_timeout_seconds", _DEFAULT_TIMEOUT_SECONDS))
        response = call_vendor(
            connection=order.connection,
            verb="launch",
            method="POST",
            path=self._profile.launch_path,
            body=body,
            headers=headers,
            timeout_seconds=timeout,
            refs=(order.reference,),
            player_id=order.player_id,
            signed_by=key.kid,
        )
        return _address(response)

    def _wire(self, order: LaunchOrder) -> dict[str, Any]:
        options = order.connection.options
        operator_id = options.get("operator_id")
        if type(operator_id) is not int:
            raise LaunchNotConfigured(f"{order.connection.slug} has no operator_id in its options")
        facts = {
            "user": order.user,
            "token": order.token,
            "sub_partner_id": str(options.get("sub_partner_id") or order.connection.brand_code),
            "platform": _PLATFORMS[order.platform],
            "operator_id": operator_id,
            "lobby_url": options.get("lobby_url") or order.frontend_url,
            "deposit_url": options.get("deposit_url"),
            "lang": order.language,
            "ip": order.remote_address,
            "game_code": order.game_code,
            "country": order.country,
            "currency": order.currency,
        }
        known = _FIELDS[self._profile.vendor]
        return {name: value for name, value in facts.items() if name in known and (value or name in _REQUIRED)}


def _signature(key: Key, body: bytes) -> str:
    try:
        return sign(key.secret, body)
    except UnusableKey as error:
        raise LaunchNotConfigured(f"key {key.kid} can not sign: {error}") from error


def _signing_key(connection: Connection) -> Key:
    keys = connection.keys_for("sign_outbound")
    if not keys:
        raise LaunchNotConfigured(f"{connection.slug} has no key to sign with")
    return keys[0]


def _address(response: VendorResponse) -> str:
    """Read the answer: an absolute web address, because the player's browser will be sent there."""
    answer = _json_object(response.body)
    if response.status != _OK:
        raise LaunchRefused(response.status, str(answer.get("error", ""))[:_MESSAGE_LENGTH])
    url = answer.get("url")
    if not isinstance(url, str) or not _is_web_address(url):
        raise LaunchAnswerUnusable("200 without an absolute http(s) url")
    return url


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
