"""A brand with one connected game provider."""

import pytest

from apps.brands.models import Brand, Currency, Jurisdiction, Market
from apps.integrations.models import Integration


@pytest.fixture
def brand(db: None) -> Brand:
    euro = Currency.objects.create(code="EUR", name="Euro", exponent=2, ledger_exponent=6)
    malta = Jurisdiction.objects.create(code="MT", name="Malta")
    brand = Brand.objects.create(code="aurora", name="Aurora Casino")
    brand.currencies.add(euro)
    Market.objects.create(brand=brand, jurisdiction=malta, countries=["MT", "FI"])
    return brand


@pytest.fixture
def hub88(brand: Brand) -> Integration:
    return Integration.objects.create(
        slug="hub88", name="Hub88", vendor="hub88", kind=Integration.Kind.GAMES, brand_code=brand.code
    )
