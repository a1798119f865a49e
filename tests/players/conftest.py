"""One brand, at any time of the business clock."""

from collections.abc import Iterator

import pytest

from apps.brands.models import Brand
from apps.core import clock
from tests.factories.players import make_brand


@pytest.fixture
def brand(db: None) -> Brand:
    return make_brand()


@pytest.fixture(autouse=True)
def _own_clock() -> Iterator[None]:
    """Forget by how much a test moved the clock."""
    clock.forget_cached_offset()
    yield
    clock.forget_cached_offset()
