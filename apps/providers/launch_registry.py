"""Which launcher opens the games of which vendor: one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from apps.providers.adapters.hub88.launch import Hub88Launcher
from apps.providers.adapters.hub88.profiles import CALETA, HUB88
from apps.providers.launch_contract import Launcher

LAUNCHERS: Mapping[str, Launcher] = MappingProxyType(
    {
        "hub88": Hub88Launcher(HUB88),
        "caleta": Hub88Launcher(CALETA),
    }
)
