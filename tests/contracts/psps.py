"""Payment providers as the platform sees them: each signs by code of its own, and lets the inbox work."""

from tests.contracts.psp_adyen import Adyen
from tests.contracts.psp_base import Message, Psp, amount_of, key
from tests.contracts.psp_cashier import PaymentIq
from tests.contracts.psp_crypto import Crypto
from tests.contracts.psp_trustly import Trustly

__all__ = ["EVENT_VENDORS", "MAKERS", "Adyen", "Crypto", "Message", "PaymentIq", "Psp", "Trustly", "amount_of", "key"]

EVENT_VENDORS = ("trustly", "adyen", "cryptoprocessing")
MAKERS: dict[str, type[Psp]] = {
    "trustly": Trustly, "adyen": Adyen, "cryptoprocessing": Crypto, "paymentiq": PaymentIq,
}  # fmt: skip
