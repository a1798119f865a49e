"""Connecting a vendor who has a list, fetching it, and what came of it."""

from typing import Any

from apps.core import clock
from apps.integrations.connections import forget_connections
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.catalogue_models import CatalogueChange, CatalogueSync
from apps.providers.catalogue_sync import perform_sync, request_sync
from apps.providers.models import Game
from tests.factories.games import frontend_of, make_game
from tests.factories.integrations import connect_game_vendor
from tests.providers.game_lists.vendor import ListVendor


def connected(vendor: str, base_url: str, slug: str = "", brand: str = "aurora", **options: Any) -> Integration:
    integration = connect_game_vendor(vendor, slug=slug, base_url=base_url, brand_code=brand)
    integration.options = {"operator_id": 7, "list_timeout_seconds": 5, **options}
    integration.save(update_fields=["options"])
    forget_connections()
    return integration


def catalogued(vendor: ListVendor, *codes: str, **fields: Any) -> list[Game]:
    """Games that the catalogue and the list agree on."""
    made = []
    for code in codes:
        vendor.lists(code)
        facts = {"title": code.title(), "thumbnail_url": "https://pictures.example.com/thumb.png"}
        made.append(make_game(code, **(facts | fields)))
    return made


def synchronise(integration: Integration, **terms: Any) -> CatalogueSync:
    sync = request_sync(integration_id=integration.pk, actor=None, now=clock.now(), **terms)
    return perform_sync(sync_id=sync.pk)


def waiting() -> list[tuple[str, str, str, Any, Any]]:
    rows = CatalogueChange.objects.filter(state="proposed").order_by("code", "kind", "field")
    return [(each.code, each.kind, each.field, each.before, each.after) for each in rows]


def why(row: Any) -> str:
    """The reason that the history keeps of the newest version."""
    return str(row.history.latest().history_change_reason)


def lobby(player: Player) -> list[str]:
    return [game["code"] for game in frontend_of(player).get("/api/v1/games").json()["results"]]
