"""Payment providers connected to a brand, with published or invented test keys, and the matrix that opens them."""

import json
from pathlib import Path
from typing import Any

from apps.brands.models import Currency
from apps.core.money import Money
from apps.integrations.connections import forget_connections
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from apps.payments.models import Capability, PaymentMethod
from tests.factories.integrations import NOW, make_brand

PROTOCOLS = json.loads((Path(__file__).parent.parent / "fixtures/vectors/payments.json").read_text())["protocols"]
TRUSTLY_KEYS = PROTOCOLS["trustly"]["keys"]["test"]
HMAC_KEY = PROTOCOLS["adyen_standard"]["hmac_key_hex"]
CRYPTO_SECRET = PROTOCOLS["cryptoprocessing"]["secret"]
MERCHANT = "TestMerchant"
CURRENCIES = ("EUR", "JPY", "KWD", "BTC")

_IN, _OUT, _ACCESS = Credential.Purpose.VERIFY_INBOUND, Credential.Purpose.SIGN_OUTBOUND, Credential.Purpose.API_ACCESS
_KEYS = {
    "paymentiq": [(_IN, "username", "piq"), (_IN, "password", "piq-password")],
    "trustly": [
        (_IN, "", TRUSTLY_KEYS["public_key_pem"]),
        (_OUT, "", TRUSTLY_KEYS["private_key_pem"]),
        (_ACCESS, "username", "merchant"),
        (_ACCESS, "password", "merchant-password"),
    ],
    "adyen": [
        (_IN, "hmac_key_hex", HMAC_KEY),
        (_IN, "username", "adyen"),
        (_IN, "password", "adyen-password"),
        (_ACCESS, "api_key", "adyen-api-key"),
    ],
    "cryptoprocessing": [
        (_IN, "key", "crypto-key"),
        (_IN, "secret", CRYPTO_SECRET),
        (_OUT, "secret", CRYPTO_SECRET),
        (_ACCESS, "key", "crypto-key"),
    ],
}
METHODS = {"paymentiq": "creditcard", "trustly": "bank_transfer", "adyen": "card", "cryptoprocessing": "crypto"}


def connect_psp(vendor: str, *, slug: str = "", base_url: str = "", **options: Any) -> Integration:
    """Connect a payment provider in all currencies, from the smallest unit to a hundred thousand main units."""
    brand = make_brand("aurora", CURRENCIES)
    integration = Integration.objects.create(
        slug=slug or vendor,
        name=vendor.title(),
        vendor=vendor,
        kind=Integration.Kind.PAYMENTS,
        brand_code=brand.code,
        base_url=base_url,
        options={"merchant_account": MERCHANT, "cashier_url": "https://cashier.example/", **options},
    )
    for purpose, name, secret in _KEYS[vendor]:
        add_credential(integration=integration, purpose=purpose, name=name, secret=secret.encode(), actor=None, now=NOW)
    method, _ = PaymentMethod.objects.get_or_create(code=METHODS[vendor], defaults={"name": METHODS[vendor].title()})
    for currency in Currency.objects.filter(code__in=CURRENCIES):
        for direction in ("deposit", "withdrawal"):
            Capability.objects.create(
                integration=integration,
                direction=direction,
                method=method,
                currency=currency.code,
                max_units=Money.parse("100000", currency.code).units,
            )
    forget_connections()
    return integration
