"""Which launcher opens the games of which vendor: one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from apps.providers.adapters.evolution.launch import EvolutionLauncher
from apps.providers.adapters.hub88.launch import Hub88Launcher
from apps.providers.adapters.hub88.profiles import CALETA, HUB88
from apps.providers.adapters.swipegames.launch import SwipeGamesLauncher
from apps.providers.adapters.valkyrie.launch import ValkyrieLauncher
from apps.providers.launch_contract import Launcher
from apps.providers.registry import plugin_of

LAUNCHERS: Mapping[str, Launcher] = MappingProxyType(
    {
        "hub88": Hub88Launcher(HUB88),
        "caleta": Hub88Launcher(CALETA),
        "evolution": EvolutionLauncher(),
        "swipegames": SwipeGamesLauncher(),
        "valkyrie": ValkyrieLauncher(),
    }
)


def launcher_of(vendor: str) -> Launcher | None:
    """The launcher of a vendor; None if there is none."""
    plugin = plugin_of(vendor)
    return plugin.launcher if plugin else LAUNCHERS.get(vendor)
