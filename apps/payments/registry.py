"""Which adapter speaks for which vendor: one line each."""

from apps.integrations.connections import Connection
from apps.payments.contract import PspAdapter

ADAPTERS: dict[str, PspAdapter] = {}


def adapter_of(connection: Connection) -> PspAdapter | None:
    """Return the adapter of a connection's vendor, or None if there is none."""
    return ADAPTERS.get(connection.vendor)
