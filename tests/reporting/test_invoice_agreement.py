"""Invoices of game providers once drawn up: agreed by two people, owed and paid in the ledger, compared, disputed."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.core import clock
from apps.integrations.models import Integration
from apps.reporting.invoicing.access import InvoiceNotSound, InvoiceSecondPerson
from apps.reporting.invoicing.agreement import (
    approve_invoice,
    check_invoice,
    dispute_invoice,
    settle_invoice,
    withdraw_invoice,
)
from apps.reporting.invoicing.vendor_figures import decide_difference, enter_vendor_figures, read_stated
from apps.transactions.books import check_books
from apps.transactions.models import Account
from apps.transactions.posting import Leg, post, shared_account
from apps.transactions.rollup import shared_balances
from tests.contracts.family import Vendor
from tests.factories.integrations import make_brand
from tests.factories.staff import make_staff
from tests.providers.table import EURO
from tests.reporting.scene import agreed, clerk, drawn, lines, month_goes_by, one_round, sits_down

pytestmark = pytest.mark.django_db(transaction=True)


def owed(kind: str) -> float:
    found = Account.objects.filter(kind=kind, player_id=None, currency="EUR")
    balances = shared_balances([each.pk for each in found])
    return sum(each.balance for each in balances.values()) / EURO


def test_a_second_person_approves_and_the_ledger_owes_and_pays_it(vendor: Vendor, caleta: Integration) -> None:
    agreed(caleta)
    one_round(vendor, 100, 40, "r-1")
    invoice = drawn(caleta, month_goes_by())
    ann, bob, now = clerk("ann"), clerk("bob"), clock.now()
    with pytest.raises(InvoiceNotSound):
        approve_invoice(invoice_id=invoice.pk, actor=bob, now=now)
    check_invoice(invoice_id=invoice.pk, actor=ann, now=now)
    with pytest.raises(InvoiceSecondPerson):
        approve_invoice(invoice_id=invoice.pk, actor=ann, now=now)
    with pytest.raises(PermissionDenied):
        approve_invoice(invoice_id=invoice.pk, actor=make_staff("eve", brands=(make_brand(),)), now=now)
    assert owed("payable") == 0
    approve_invoice(invoice_id=invoice.pk, actor=bob, now=now)
    assert (owed("payable"), owed("fee")) == (6.0, -6.0)
    with pytest.raises(InvoiceNotSound):
        approve_invoice(invoice_id=invoice.pk, actor=bob, now=now)
    with pytest.raises(InvoiceNotSound):
        withdraw_invoice(invoice_id=invoice.pk, reason="too late", actor=ann, now=now)
    assert check_books(full=True) == []
    settle_invoice(invoice_id=invoice.pk, reference="SEPA-1", actor=bob, now=now)
    assert (owed("payable"), owed("fee"), owed("house")) == (0.0, -6.0, 6.0)
    assert check_books(full=True) == []
    # A fee does not disturb the proof of the next month: it is not on the provider's own account.
    sits_down(vendor)
    one_round(vendor, 10, 0, "r-2")
    assert lines(drawn(caleta, month_goes_by())) == {"share/all/EUR": 1.0}


def test_the_books_name_what_is_owed_without_an_invoice(caleta: Integration) -> None:
    brand = make_brand()
    with transaction.atomic():
        fee, payable = (
            shared_account(brand_id=brand.pk, currency="EUR", kind=kind, integration_id=caleta.pk)
            for kind in ("fee", "payable")
        )
        post(
            kind="invoice", brand_id=brand.pk, currency="EUR", integration_id=caleta.pk, external_id="x/owed/EUR",
            legs=[Leg(fee, payable, EURO)], now=clock.now(),
        )  # fmt: skip
        found = [(each.invariant, each.row, each.expected, each.found) for each in check_books(full=True)]
        assert found == [("I13", "invoice:x/owed/EUR", "0", "1000000")]
        transaction.set_rollback(True)


def test_the_vendors_own_figures_are_compared_and_decided(vendor: Vendor, caleta: Integration) -> None:
    agreed(caleta, fixed="5", fixed_currency="EUR")
    one_round(vendor, 100, 40, "r-1")
    invoice = drawn(caleta, month_goes_by())
    ann, bob, now = clerk("ann"), clerk("bob"), clock.now()
    stated = read_stated("line;currency;amount\nshare/all/EUR;EUR;6.50\nfixed/EUR;EUR;5.00\nset-up;EUR;2\n")
    entered = enter_vendor_figures(invoice_id=invoice.pk, stated=stated, actor=ann, now=now)
    assert [(each.key, each.difference_units / EURO, each.verdict) for each in entered] == [
        ("share/all/EUR", 0.5, "open"), ("fixed/EUR", 0.0, "agrees"), ("set-up", 2.0, "open"),
    ]  # fmt: skip
    with pytest.raises(InvoiceNotSound, match="every difference"):
        check_invoice(invoice_id=invoice.pk, actor=ann, now=now)
    decisions = {"share/all/EUR": True, "set-up": False}
    for line in entered:
        if line.difference_units:
            decide_difference(
                invoice_id=invoice.pk,
                line_id=line.pk,
                accept=decisions[line.key],
                reason="as agreed",
                actor=ann,
                now=now,
            )
    check_invoice(invoice_id=invoice.pk, actor=ann, now=now)
    with pytest.raises(InvoiceNotSound, match="has been checked"):
        enter_vendor_figures(invoice_id=invoice.pk, stated=stated, actor=ann, now=now)
    approve_invoice(invoice_id=invoice.pk, actor=bob, now=now)
    assert owed("payable") == 11.5
    assert check_books(full=True) == []


def test_a_dispute_ends_by_checking_or_by_paying(vendor: Vendor, caleta: Integration) -> None:
    agreed(caleta)
    one_round(vendor, 100, 40, "r-1")
    month = month_goes_by()
    invoice = drawn(caleta, month)
    ann, bob, now = clerk("ann"), clerk("bob"), clock.now()
    dispute_invoice(invoice_id=invoice.pk, reason="their rounds are others", actor=ann, now=now)
    with pytest.raises(InvoiceNotSound, match="approved can be paid"):
        settle_invoice(invoice_id=invoice.pk, reference="x", actor=bob, now=now)
    withdraw_invoice(invoice_id=invoice.pk, reason="a file was missing", actor=ann, now=now)
    again = drawn(caleta, month)
    assert (again.number, lines(again)) == (f"{invoice.number}-2", lines(invoice))
    check_invoice(invoice_id=again.pk, actor=ann, now=now)
    approve_invoice(invoice_id=again.pk, actor=bob, now=now)
    dispute_invoice(invoice_id=again.pk, reason="they want more", actor=ann, now=now)
    with pytest.raises(InvoiceNotSound, match="owed already"):
        check_invoice(invoice_id=again.pk, actor=ann, now=now)
    settle_invoice(invoice_id=again.pk, reference="SEPA-2", actor=bob, now=now)
    assert check_books(full=True) == []
