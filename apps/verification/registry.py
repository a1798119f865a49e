"""Which adapter speaks for which identity vendor: one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from apps.integrations.connections import Connection
from apps.verification.adapters.onfido.adapter import OnfidoAdapter
from apps.verification.adapters.sumsub.adapter import SumsubAdapter
from apps.verification.contract import IdentityAdapter

ADAPTERS: Mapping[str, IdentityAdapter] = MappingProxyType({"onfido": OnfidoAdapter(), "sumsub": SumsubAdapter()})


def adapter_of(connection: Connection) -> IdentityAdapter | None:
    """Return the adapter of a connection's vendor, or None if there is none."""
    return ADAPTERS.get(connection.vendor)
