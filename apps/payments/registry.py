"""Which adapter speaks for which vendor: one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from apps.integrations.connections import Connection
from apps.payments.adapters.adyen.adapter import AdyenAdapter
from apps.payments.adapters.cryptoprocessing.adapter import CryptoProcessingAdapter
from apps.payments.adapters.paymentiq.adapter import PaymentIqAdapter
from apps.payments.adapters.trustly.adapter import TrustlyAdapter
from apps.payments.contract import PspAdapter

ADAPTERS: Mapping[str, PspAdapter] = MappingProxyType(
    {
        "paymentiq": PaymentIqAdapter(),
        "trustly": TrustlyAdapter(),
        "adyen": AdyenAdapter(),
        "cryptoprocessing": CryptoProcessingAdapter(),
    }
)


def adapter_of(connection: Connection) -> PspAdapter | None:
    """Return the adapter of a connection's vendor, or None if there is none."""
    return ADAPTERS.get(connection.vendor)
