"""
The game list of the Hub88 family (`game/list`).

Sources: game-provider reference, sections 1 and 2; Caleta's Operator's Guide 1.5, schema `Games`; Hub88's API changelog
(filters `latest` and `release_date`, which are left out so that the list is whole). Of Hub88's members beside Caleta's,
the names are as public implementations have them; each may be absent or null.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from apps.integrations.connections import Connection
from apps.integrations.outbound import call_vendor
from apps.integrations.rsa_keys import UnusableKey
from apps.providers.adapters.hub88.profiles import Profile
from apps.providers.adapters.hub88.signature import sign
from apps.providers.list_contract import LARGEST_LIST_BYTES, GameList, ListedGame, ListNotConfigured
from apps.providers.list_reading import (
    Code,
    Title,
    basis_points,
    category_of,
    certifications,
    countries,
    day,
    features,
    read_list,
    web_address,
)

_PLATFORMS: Mapping[str, str] = MappingProxyType({"GPL_DESKTOP": "desktop", "GPL_MOBILE": "mobile"})
_DEFAULT_TIMEOUT_SECONDS = 60.0
_HIGHEST_VOLATILITY = 5


class Listed(msgspec.Struct, kw_only=True):
    """One game on the wire; what Caleta does not have is absent there."""

    game_code: Code
    name: Title
    product: str | None = None
    category: str | None = None
    platforms: list[str] | None = None
    enabled: bool = True
    blocked_countries: list[str] | None = None
    url_thumb: str | None = None
    freebet_support: bool | None = None
    demo_game_support: bool | None = None
    release_date: str | None = None
    volatility: int | None = None
    rtp: str | float | None = None
    certifications: list[str] | None = None
    features: list[str] | None = None


class Hub88Lister:
    """Fetches the games of one member of the family."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def list_games(self, connection: Connection) -> GameList:
        """
        Ask for all games; see `Lister`. The signature is over the exact bytes sent.

        :raises ListRefused: for any other answer than 200, with the vendor's `error`
        :raises ListUnusable: for 200 without a list of games
        :raises ListNotConfigured: without `operator_id` in the options, or without a usable signing key
        """
        operator_id = connection.options.get("operator_id")
        if type(operator_id) is not int:
            raise ListNotConfigured(f"{connection.slug} has no operator_id in its settings")
        body = json.dumps({"operator_id": operator_id}, separators=(",", ":")).encode()
        kid, signature = _signed(connection, body)
        response = call_vendor(
            connection=connection,
            verb="list",
            method="POST",
            path=self._profile.list_path,
            body=body,
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                self._profile.signature_header: signature,
            },
            timeout_seconds=float(connection.options.get("list_timeout_seconds", _DEFAULT_TIMEOUT_SECONDS)),
            signed_by=kid,
            largest_answer_bytes=LARGEST_LIST_BYTES,
        )
        return read_list(response, Listed, _game, code="game_code", told="error")


def _signed(connection: Connection, body: bytes) -> tuple[str, str]:
    """The key's id and the signature."""
    keys = connection.keys_for("sign_outbound")
    if not keys:
        raise ListNotConfigured(f"{connection.slug} has no key to sign with")
    try:
        return keys[0].kid, sign(keys[0].secret, body)
    except UnusableKey as error:
        raise ListNotConfigured(f"key {keys[0].kid} can not sign: {error}") from error


def _game(row: Listed) -> ListedGame:
    platforms = row.platforms
    return ListedGame(
        code=row.game_code,
        title=row.name,
        is_offered=row.enabled,
        studio=row.product or None,
        category=category_of(row.category),
        platforms=None
        if platforms is None
        else tuple(sorted({_PLATFORMS[one] for one in platforms if one in _PLATFORMS})),
        features=features(row.features),
        # Hub88 counts to six, "very high"; the catalogue to five.
        volatility=min(row.volatility, _HIGHEST_VOLATILITY) if row.volatility and row.volatility > 0 else None,
        has_demo=row.demo_game_support,
        has_free_rounds=row.freebet_support,
        blocked_countries=countries(row.blocked_countries),
        certifications=certifications(row.certifications),
        thumbnail_url=web_address(row.url_thumb),
        released_on=day(row.release_date),
        rtp_basis_points=basis_points(row.rtp),
    )
