"""Which lister fetches the games of which vendor: one line each. Evolution and Valkyrie describe no list."""

from collections.abc import Mapping
from types import MappingProxyType

from apps.providers.adapters.hub88.listing import Hub88Lister
from apps.providers.adapters.hub88.profiles import CALETA, HUB88
from apps.providers.adapters.swipegames.listing import SwipeGamesLister
from apps.providers.list_contract import Lister
from apps.providers.registry import plugin_of

LISTERS: Mapping[str, Lister] = MappingProxyType(
    {"hub88": Hub88Lister(HUB88), "caleta": Hub88Lister(CALETA), "swipegames": SwipeGamesLister()}
)


def lister_of(vendor: str) -> Lister | None:
    """The lister of a vendor; None if there is none."""
    plugin = plugin_of(vendor)
    return plugin.lister if plugin else LISTERS.get(vendor)
