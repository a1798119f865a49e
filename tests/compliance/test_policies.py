"""Which policy applies, on which day, at which age, to which brand."""

from datetime import date

import pytest

from apps.compliance.policies import policy
from tests.factories.policies import load_matrix

pytestmark = pytest.mark.django_db


def test_the_british_limit_basis_is_gross_from_its_day_on() -> None:
    load_matrix()

    on = policy("deposit_limit_basis", jurisdiction="GB", on=date(2026, 9, 30))

    assert (on.value, on.jurisdiction, on.confidence) == ("gross", "GB", "B")
