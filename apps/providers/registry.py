"""Which adapter speaks for which vendor: one line each, and plug-ins from outside the repository."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.conf import settings
from django.utils.module_loading import import_string

from apps.integrations.options import register_options
from apps.providers.adapters.evolution.wallet import EvolutionAdapter
from apps.providers.adapters.hub88.profiles import CALETA, HUB88
from apps.providers.adapters.hub88.wallet import Hub88Adapter
from apps.providers.adapters.swipegames.wallet import SwipeGamesAdapter
from apps.providers.adapters.valkyrie.wallet import ValkyrieAdapter
from apps.providers.contract import ProviderAdapter
from apps.providers.launch_contract import Launcher
from apps.providers.list_contract import Lister

ADAPTERS: Mapping[str, ProviderAdapter] = MappingProxyType(
    {
        "hub88": Hub88Adapter(HUB88),
        "caleta": Hub88Adapter(CALETA),
        "evolution": EvolutionAdapter(),
        "swipegames": SwipeGamesAdapter(),
        "valkyrie": ValkyrieAdapter(),
    }
)


@dataclass(frozen=True, slots=True)
class Plugin:
    """A vendor whose adapter lives outside the repository; `PROVIDER_PLUGINS` names such objects."""

    vendor: str
    adapter: ProviderAdapter
    launcher: Launcher | None = None
    lister: Lister | None = None


_plugins: dict[str, Plugin] = {}


def adapter_of(vendor: str) -> ProviderAdapter | None:
    """The adapter that speaks for a vendor; None if there is none."""
    plugin = _plugins.get(vendor)
    return plugin.adapter if plugin else ADAPTERS.get(vendor)


def plugin_of(vendor: str) -> Plugin | None:
    """The plug-in of a vendor; None if the vendor is one of ours, or unknown."""
    return _plugins.get(vendor)


def plugins() -> list[str]:
    """Vendors that plug-ins speak for."""
    return list(_plugins)


def load_adapters() -> None:
    """
    Import the plug-ins of the settings, and make every vendor's settings known. Called when the platform starts.

    :raises ImportError: if a named plug-in is not there, so that nothing runs half configured
    :raises ValueError: if one wants the name of a vendor that is taken
    """
    _plugins.clear()
    for path in settings.PROVIDER_PLUGINS:
        plugin: Plugin = import_string(path)
        if plugin.vendor in ADAPTERS or plugin.vendor in _plugins:
            raise ValueError(f"{path}: there is an adapter for {plugin.vendor} already")
        _plugins[plugin.vendor] = plugin
    for vendor, adapter in ADAPTERS.items():
        register_options(vendor, list(adapter.options))
    for plugin in _plugins.values():
        register_options(plugin.vendor, list(plugin.adapter.options))
