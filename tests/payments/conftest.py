"""One brand, one player with money and an instrument, and banks that may carry his payments."""

from collections.abc import Iterator

import pytest

from apps.integrations.connections import forget_connections
from apps.integrations.models import Integration
from apps.payments import registry
from apps.payments.models import ApprovalPolicy, Capability, Instrument, PaymentMethod
from apps.players.models import Player
from tests.factories.games import LONG_AGO, make_player
from tests.factories.integrations import make_brand
from tests.payments.bank import Bank, BankAdapter, open_bank

MILLION = 1_000_000


@pytest.fixture(autouse=True)
def _bank_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the platform speak the test bank's protocol too."""
    monkeypatch.setattr(registry, "ADAPTERS", {**registry.ADAPTERS, "bank": BankAdapter()})


@pytest.fixture
def bank() -> Iterator[Bank]:
    with open_bank() as bank:
        yield bank


@pytest.fixture
def second_bank() -> Iterator[Bank]:
    with open_bank() as bank:
        yield bank


def connect_bank(bank: Bank, slug: str = "bank", priority: int = 100) -> Integration:
    """Connect a bank for deposits and withdrawals in euro, from 10 to 100 000."""
    brand = make_brand()
    method, _ = PaymentMethod.objects.get_or_create(code="bank", defaults={"name": "Bank transfer"})
    integration = Integration.objects.create(
        slug=slug,
        name=slug,
        vendor="bank",
        kind=Integration.Kind.PAYMENTS,
        brand_code=brand.code,
        base_url=bank.base_url,
    )
    for direction in ("deposit", "withdrawal"):
        Capability.objects.create(
            integration=integration,
            direction=direction,
            method=method,
            currency="EUR",
            min_units=10 * MILLION,
            max_units=100_000 * MILLION,
            priority=priority,
        )
    ApprovalPolicy.objects.get_or_create(
        brand=brand,
        currency="EUR",
        defaults={"auto_limit_units": 200 * MILLION, "four_eyes_units": 1_000 * MILLION},
    )
    forget_connections()
    return integration


@pytest.fixture
def integration(transactional_db: None, bank: Bank) -> Integration:
    return connect_bank(bank)


@pytest.fixture
def player(integration: Integration) -> Player:
    return make_player(cash="5000")


@pytest.fixture
def instrument(player: Player) -> Instrument:
    return make_instrument(player)


def make_instrument(player: Player) -> Instrument:
    """An account that has long been the player's own."""
    return Instrument.objects.create(
        player=player, method_id="bank", token="MT84MALT", masked="MT84…", verification="verified", changed_at=LONG_AGO
    )
