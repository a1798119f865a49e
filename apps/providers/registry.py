"""Which adapter speaks for which vendor: one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from apps.providers.adapters.hub88.profiles import CALETA, HUB88
from apps.providers.adapters.hub88.wallet import Hub88Adapter
from apps.providers.contract import ProviderAdapter

ADAPTERS: Mapping[str, ProviderAdapter] = MappingProxyType(
    {
        "hub88": Hub88Adapter(HUB88),
        "caleta": Hub88Adapter(CALETA),
    }
)
