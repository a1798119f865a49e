"""Vendors connected to a brand, with the published test keys."""

from datetime import UTC, datetime

from apps.brands.models import Brand, Currency, Jurisdiction, Market
from apps.core.currencies import currency_spec
from apps.integrations.connections import forget_connections
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, Integration
from tests.contracts.family import HUB88_KEY, HUB88_PUBLIC_KEY

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def make_brand(code: str = "aurora", currencies: tuple[str, ...] = ("EUR", "SEK", "GBP", "CAD", "USD", "BTC")) -> Brand:
    """Find or make a brand in Malta with these currencies."""
    malta, _ = Jurisdiction.objects.get_or_create(code="MT", defaults={"name": "Malta", "timezone": "Europe/Malta"})
    brand, _ = Brand.objects.get_or_create(code=code, defaults={"name": code.title()})
    for currency in currencies:
        spec = currency_spec(currency)
        row, _ = Currency.objects.get_or_create(
            code=currency,
            defaults={"name": currency, "exponent": spec.exponent, "ledger_exponent": spec.ledger_exponent},
        )
        brand.currencies.add(row)
    Market.objects.get_or_create(brand=brand, jurisdiction=malta, defaults={"countries": ["MT", "FI", "IS"]})
    return brand


def connect_game_vendor(vendor: str, *, slug: str = "", base_url: str = "", brand_code: str = "aurora") -> Integration:
    """Connect a vendor of the Hub88 family: his key verifies what he sends, ours signs what we send."""
    brand = make_brand(brand_code)
    integration = Integration.objects.create(
        slug=slug or vendor,
        name=vendor.title(),
        vendor=vendor,
        kind=Integration.Kind.GAMES,
        brand_code=brand.code,
        base_url=base_url,
    )
    for purpose, secret in (
        (Credential.Purpose.VERIFY_INBOUND, HUB88_PUBLIC_KEY),
        (Credential.Purpose.SIGN_OUTBOUND, HUB88_KEY),
    ):
        add_credential(integration=integration, purpose=purpose, secret=secret.encode(), actor=None, now=NOW)
    forget_connections()
    return integration
