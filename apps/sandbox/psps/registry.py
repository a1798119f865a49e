"""Which simulated provider speaks which protocol: one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from apps.sandbox.psps.adyen import AdyenProtocol
from apps.sandbox.psps.cryptoprocessing import CryptoProtocol
from apps.sandbox.psps.paymentiq import PaymentIqProtocol
from apps.sandbox.psps.protocol import PspProtocol
from apps.sandbox.psps.trustly import TrustlyProtocol

PROTOCOLS: Mapping[str, PspProtocol] = MappingProxyType(
    {
        "paymentiq": PaymentIqProtocol(),
        "trustly": TrustlyProtocol(),
        "adyen": AdyenProtocol(),
        "cryptoprocessing": CryptoProtocol(),
    }
)
