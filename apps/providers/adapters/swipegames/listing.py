"""Swipe Games' list: `GET /games`, signed over the RFC 8785 form of its query. Source: reference, section 3."""

from urllib.parse import urlencode

import msgspec

from apps.integrations.connections import Connection
from apps.integrations.outbound import call_vendor
from apps.providers.adapters.swipegames.options import OPTIONS
from apps.providers.adapters.swipegames.signature import canonical_query, sign
from apps.providers.list_contract import LARGEST_LIST_BYTES, GameList, ListedGame, ListNotConfigured
from apps.providers.list_reading import Code, Title, basis_points, currencies, read_list, web_address

_PLAY_MONEY = "FUN"


class Images(msgspec.Struct, kw_only=True):
    """Pictures: one base, and each shape below it."""

    baseURL: str = ""  # noqa: N815 - the protocol's name
    square: str = ""
    horizontal: str = ""


class Listed(msgspec.Struct, kw_only=True):
    """One game on the wire; languages and bet lines are not for the catalogue."""

    id: Code
    title: Title
    currencies: list[str] | None = None
    platforms: list[str] | None = None
    images: Images = msgspec.field(default_factory=Images)
    hasFreeSpins: bool | None = None  # noqa: N815 - the protocol's name
    rtp: int | None = None


class SwipeGamesLister:
    """Fetches the games."""

    def list_games(self, connection: Connection) -> GameList:
        """
        Ask for all games; see `Lister`. With bet lines: without them the vendor says that no game has free spins.

        :raises ListRefused: for any other answer than 200
        :raises ListUnusable: for 200 without a list of games
        :raises ListNotConfigured: without `cid` in the settings, or without the API key
        """
        keys, cid = connection.keys_for("sign_outbound", "api_key"), OPTIONS.of(connection, "cid")
        if not keys or not cid:
            raise ListNotConfigured(f"{connection.slug} has no {'cid in its settings' if keys else 'api_key'}")
        query = {"cID": str(cid), "extCID": str(OPTIONS.of(connection, "ext_cid") or connection.brand_code)}
        response = call_vendor(
            connection=connection,
            verb="list",
            method="GET",
            path=f"/games?{urlencode(query)}",
            body=b"",
            headers={"Accept": "application/json", "X-REQUEST-SIGN": sign(keys[0].secret, canonical_query(query))},
            timeout_seconds=float(OPTIONS.of(connection, "list_timeout_seconds")),
            signed_by=keys[0].kid,
            largest_answer_bytes=LARGEST_LIST_BYTES,
        )
        return read_list(response, Listed, _game, code="id", told="message")


def _game(row: Listed) -> ListedGame:
    platforms = row.platforms
    return ListedGame(
        code=row.id,
        title=row.title,
        platforms=None if platforms is None else tuple(sorted({"desktop", "mobile"} & set(platforms))),
        currencies=None if row.currencies is None else currencies(row.currencies, without=_PLAY_MONEY),
        has_free_rounds=row.hasFreeSpins,
        thumbnail_url=_picture(row.images),
        rtp_basis_points=basis_points(row.rtp),
    )


def _picture(images: Images) -> str | None:
    shape = images.square or images.horizontal
    if not shape or not images.baseURL:
        return web_address(shape)
    return web_address(shape) or web_address(f"{images.baseURL.rstrip('/')}/{shape.lstrip('/')}")
