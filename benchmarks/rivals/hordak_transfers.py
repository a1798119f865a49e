"""django-hordak: `Account.transfer_to`, its own way to move money between two accounts."""

# Runs in another environment, whose packages are not here.
# mypy: disable-error-code="import-not-found,no-any-return"

import random
from collections.abc import Callable

import measuring

measuring.set_up(["mptt", "hordak"], DEFAULT_CURRENCY="EUR", CURRENCIES=["EUR"])

from django.db import transaction  # noqa: E402 - needs settings
from hordak.models import Account, AccountType, Leg  # noqa: E402 - likewise
from moneyed import Money  # noqa: E402 - likewise

_ACCOUNTS = 200


def prepare() -> None:
    """Make one account for each player, and the house's."""
    for number in range(_ACCOUNTS):
        Account.objects.create(
            name=f"player {number}", code=str(number), type=AccountType.liability, currencies=["EUR"]
        )
    Account.objects.create(name="house", code="9999", type=AccountType.income, currencies=["EUR"])


def transfers() -> Callable[[], None]:
    """Return what moves one euro from a random player to the house, in a commit of its own."""
    house = Account.objects.get(code="9999")
    players = list(Account.objects.exclude(code="9999"))

    def one() -> None:
        with transaction.atomic():
            random.choice(players).transfer_to(house, Money(1, "EUR"))

    return one


def count() -> int:
    """Count the transfers by their legs, of which each has two."""
    return Leg.objects.count() // 2


measuring.run(prepare, transfers, count)
