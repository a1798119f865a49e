"""django-ledger: `LedgerModel.commit_txs`, its own way to post a journal entry of one debit and one credit."""

# Runs in another environment, whose packages are not here.
# mypy: disable-error-code="import-not-found,no-any-return"

import random
from collections.abc import Callable
from decimal import Decimal

import measuring

measuring.set_up(["django_ledger"], TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}])

from django.contrib.auth import get_user_model  # noqa: E402 - needs settings
from django.utils.timezone import localtime  # noqa: E402 - likewise
from django_ledger.io import roles  # noqa: E402 - likewise
from django_ledger.models import AccountModel, EntityModel, LedgerModel, TransactionModel  # noqa: E402 - likewise

_ACCOUNTS = 200
_HOUSE = "4999"


def prepare() -> None:
    """Make the entity, its ledger, one account for each player, and the house's."""
    admin = get_user_model().objects.create_user("bench", password="bench")  # noqa: S106 - of a throw-away database
    entity = EntityModel.create_entity(name="Bench", use_accrual_method=True, admin=admin, fy_start_month=1)
    entity.create_chart_of_accounts(assign_as_default=True, commit=True, coa_name="Bench")
    for number in range(_ACCOUNTS):
        entity.create_account(
            code=str(2000 + number),
            role=roles.LIABILITY_CL_OTHER,
            name=f"player {number}",
            balance_type="credit",
            active=True,
        )
    entity.create_account(code=_HOUSE, role=roles.INCOME_OPERATIONAL, name="house", balance_type="credit", active=True)
    entity.create_ledger(name="Bench", posted=True)


def transfers() -> Callable[[], None]:
    """Return what moves one euro from a random player to the house, posted, in a commit of its own."""
    ledger = LedgerModel.objects.get(name="Bench")
    house = AccountModel.objects.get(code=_HOUSE)
    players = list(AccountModel.objects.filter(role=roles.LIABILITY_CL_OTHER, code__startswith="2"))
    amount = Decimal("1.00")

    def one() -> None:
        legs = [
            {"account": random.choice(players), "amount": amount, "tx_type": "debit", "description": "bet"},
            {"account": house, "amount": amount, "tx_type": "credit", "description": "bet"},
        ]
        ledger.commit_txs(je_timestamp=localtime(), je_txs=legs, je_posted=True, je_desc="bet")

    return one


def count() -> int:
    """Count the transfers by the entries of posted journals, of which each has two."""
    return TransactionModel.objects.filter(journal_entry__posted=True).count() // 2


measuring.run(prepare, transfers, count)
