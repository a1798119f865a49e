"""Invoices of game providers: drawn up from what was played, proven against the ledger, corrected, agreed, posted."""

import csv
import io
import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.core.money import Money
from apps.integrations.contracts.reading import TermsNotSound
from apps.integrations.exchange_log import flush
from apps.integrations.models import Integration
from apps.providers.models import Round
from apps.providers.resettling import Correction, propose_resettling
from apps.reconciliation.files import chunks_of
from apps.reporting.following import follow_revenue, rebuild_revenue
from apps.reporting.invoicing.access import InvoiceNotSound, LedgerDiffers, UnableToDraw
from apps.reporting.invoicing.agreement import (
    approve_invoice,
    check_invoice,
    withdraw_invoice,
)
from apps.reporting.invoicing.contract_versions import add_contract_version
from apps.reporting.invoicing.drawing import hash_of, last_midnight, reproduced
from apps.reporting.invoicing.months import next_month
from apps.reporting.invoicing.schedule import draw_due
from apps.reporting.invoicing.vendor_figures import Stated, enter_vendor_figures
from apps.reporting.models import Invoice, InvoiceLine, InvoiceRefusal, Revenue
from apps.reporting.report_exports import make_export, request_report
from apps.reporting.tasks import draw_invoice
from apps.transactions.books import check_books
from tests.contracts.family import Vendor
from tests.factories.integrations import make_brand
from tests.harness.queries import statements_of
from tests.providers.table import EURO, GAME, decide, play, staff
from tests.reporting.scene import (
    TERMS,
    agreed,
    clerk,
    drawn,
    lines,
    month_goes_by,
    one_round,
    sits_down,
    this_month,
    win,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_month_is_drawn_up_proven_and_can_be_reproduced(vendor: Vendor, caleta: Integration) -> None:
    agreed(caleta, minimum="5", fixed="1", fixed_currency="EUR", vat_percent="20")
    one_round(vendor, 100, 40, "r-1")
    one_round(vendor, 20, 0, "r-2")
    vendor.rollback(play(vendor, 50, "r-3"), round="r-3", **GAME)
    month = month_goes_by()
    assert flush(10)
    (invoice,) = draw_due(now=clock.now())
    assert lines(invoice) == {"share/all/EUR": 8.0, "fixed/EUR": 1.0, "vat/EUR": 1.8}
    assert (invoice.month, invoice.number, invoice.state) == (month, f"caleta-{month:%Y-%m}", "draft")
    assert invoice.document["proven"] == {"EUR": 80 * EURO}
    invoice = Invoice.objects.get()
    assert invoice.sha256 == hash_of(invoice.document) == hash_of(reproduced(invoice))
    assert draw_due(now=clock.now()) == []
    with pytest.raises(DatabaseError), transaction.atomic():
        Invoice.objects.update(document={})
    with pytest.raises(DatabaseError), transaction.atomic():
        InvoiceLine.objects.update(amount_units=1)


def test_nothing_is_drawn_up_while_the_ledger_says_something_else(vendor: Vendor, caleta: Integration) -> None:
    agreed(caleta)
    one_round(vendor, 100, 40, "r-1")
    month = month_goes_by()
    flush(10)
    follow_revenue()
    Revenue.objects.filter(staked__gt=0).update(staked=99 * EURO)
    with pytest.raises(LedgerDiffers, match=r"caleta in EUR: .* 59.00, .* account 60.00; they differ by -1.00"):
        drawn(caleta, month)
    assert draw_due(now=clock.now()) == []
    assert "differ by -1.00" in InvoiceRefusal.objects.get(month=month).reason
    rebuild_revenue()
    assert len(draw_due(now=clock.now())) == 1
    assert not InvoiceRefusal.objects.exists()


def test_a_round_that_changes_after_the_cut_off_is_corrected_once_on_the_next_invoice(
    vendor: Vendor, caleta: Integration
) -> None:
    agreed(caleta)
    one_round(vendor, 100, 40, "r-1")
    late = play(vendor, 50, "r-2")
    first = drawn(caleta, month_goes_by())
    assert lines(first) == {"share/all/EUR": 11.0}
    win(vendor, late, 30, "r-2", round_closed=True)
    sits_down(vendor)
    one_round(vendor, 10, 0, "r-3")
    second = drawn(caleta, month_goes_by())
    assert lines(second) == {"share/all/EUR": 1.0, f"true-up/{first.number}/EUR": -3.0}
    correction = second.lines.get(kind="true_up")
    assert (correction.corrects, correction.reckoning["lines"]) == (first, {"share/all/EUR": [11 * EURO, 8 * EURO]})
    assert hash_of(reproduced(first)) == first.sha256
    assert lines(drawn(caleta, month_goes_by())) == {}
    assert hash_of(reproduced(second)) == second.sha256


def test_what_goes_below_zero_later_lowers_the_months_after_it(vendor: Vendor, caleta: Integration) -> None:
    agreed(caleta, carries_negative=True)
    bet = play(vendor, 100, "r-1")
    first = drawn(caleta, month_goes_by())
    win(vendor, bet, 150, "r-1", round_closed=True)
    sits_down(vendor)
    one_round(vendor, 80, 0, "r-2")
    second = drawn(caleta, month_goes_by())
    # The first month is 50 below zero now: its fee comes back, and of the second month's 80 euro 30 are left.
    assert lines(first) == {"share/all/EUR": 10.0}
    assert lines(second) == {"share/all/EUR": 3.0, f"true-up/{first.number}/EUR": -10.0}
    assert lines(drawn(caleta, month_goes_by())) == {}


def test_a_round_that_two_people_resettle_is_corrected_too(vendor: Vendor, caleta: Integration) -> None:
    agreed(caleta)
    one_round(vendor, 100, 40, "r-1")
    first = drawn(caleta, month_goes_by())
    found, maker = Round.objects.get(), staff("maker", "resolve_round")
    right = Correction(right_win=Money.parse("10", "EUR"), reference="TICKET-77", evidence="mail")
    asked = propose_resettling(
        round_id=found.pk, player_id=found.player_id, correction=right, reason="wrong paytable", maker=maker,
        now=clock.now(),
    )  # fmt: skip
    decide(asked, staff("checker", "approve_round_void"))
    second = drawn(caleta, month_goes_by())
    assert lines(second) == {f"true-up/{first.number}/EUR": 3.0}
    assert second.document["proven"] == {"EUR": 30 * EURO}
    assert Revenue.objects.get(won_back__gt=0).won_back == 30 * EURO


def test_months_come_in_order_after_they_have_ended(vendor: Vendor, caleta: Integration) -> None:
    month = this_month()
    with pytest.raises(UnableToDraw, match="no contract"):
        drawn(caleta, month)
    agreed(caleta)
    with pytest.raises(UnableToDraw, match="midnight"):
        drawn(caleta, month)
    month_goes_by()
    first = drawn(caleta, month)
    month_goes_by()
    month_goes_by()
    with pytest.raises(UnableToDraw, match="drawn up already"):
        drawn(caleta, month)
    with pytest.raises(UnableToDraw, match="next month to be drawn up"):
        drawn(caleta, next_month(next_month(month)))
    drawn(caleta, next_month(month))
    with pytest.raises(InvoiceNotSound, match="later month"):
        withdraw_invoice(invoice_id=first.pk, reason="wrong rate", actor=clerk("ann"), now=clock.now())


def test_a_month_without_rounds_costs_what_is_fixed_or_nothing_at_all(vendor: Vendor, caleta: Integration) -> None:
    agreed(caleta, minimum="5", fixed="1", fixed_currency="EUR", vat_percent="20")
    first = drawn(caleta, month_goes_by())
    assert lines(first) == {"minimum/EUR": 5.0, "fixed/EUR": 1.0, "vat/EUR": 1.2}
    assert (first.document["figures"], first.document["proven"]) == ([], {})
    assert hash_of(reproduced(first)) == first.sha256
    agreed(caleta)
    second = drawn(caleta, month_goes_by())
    assert (lines(second), second.contract.version) == ({}, 2)
    checked = check_invoice(invoice_id=second.pk, actor=clerk("ann"), now=clock.now())
    approve_invoice(invoice_id=checked.pk, actor=clerk("bob"), now=clock.now())
    assert check_books() == []


def test_a_month_has_one_version_whole_months_and_what_is_lost_costs_nothing(
    vendor: Vendor, caleta: Integration
) -> None:
    agreed(caleta)
    for day, why in ((this_month(), "before version 1"), (this_month().replace(day=15), "first day")):
        with pytest.raises(TermsNotSound, match=why):
            add_contract_version(
                integration_id=caleta.pk, terms=TERMS, valid_from=day, maker=None, checker=None, now=clock.now()
            )
    one_round(vendor, 10, 40, "r-1")
    first = drawn(caleta, month_goes_by())
    # The player won: no fee, and no money back.
    assert lines(first) == {"share/all/EUR": 0.0}
    assert first.lines.get().reckoning["base"] == str(-30 * EURO)
    second = drawn(caleta, month_goes_by())
    with pytest.raises(TermsNotSound, match="was invoiced"):
        add_contract_version(
            integration_id=caleta.pk, terms=TERMS, valid_from=second.month, maker=None, checker=None, now=clock.now()
        )


def test_terms_that_ran_out_are_no_dead_end(vendor: Vendor, caleta: Integration) -> None:
    begins = this_month()
    add_contract_version(
        integration_id=caleta.pk, terms=TERMS, valid_from=begins, valid_to=next_month(begins), maker=None, checker=None,
        now=clock.now(),
    )  # fmt: skip
    one_round(vendor, 10, 0, "r-1")
    month_goes_by()
    sits_down(vendor)
    one_round(vendor, 20, 0, "r-2")
    assert flush(10)
    assert [lines(each) for each in draw_due(now=clock.now())] == [{"share/all/EUR": 1.0}]
    gap = month_goes_by()
    assert draw_due(now=clock.now()) == []
    # Play went on without terms: staff are told, once.
    assert [(each.month, "no contract" in each.reason) for each in InvoiceRefusal.objects.all()] == [(gap, True)]
    agreed(caleta)
    sits_down(vendor)
    one_round(vendor, 30, 0, "r-3")
    again = month_goes_by()
    assert flush(10)
    (made,) = draw_due(now=clock.now())
    assert (made.month, lines(made)) == (again, {"share/all/EUR": 3.0})
    assert not InvoiceRefusal.objects.exists()


def test_two_who_draw_up_the_same_month_at_once_make_one_invoice(vendor: Vendor, caleta: Integration) -> None:
    agreed(caleta)
    one_round(vendor, 100, 40, "r-1")
    month = month_goes_by()
    barrier, outcomes = threading.Barrier(2), []

    def draw() -> None:
        barrier.wait()
        try:
            outcomes.append(drawn(caleta, month).number)
        except UnableToDraw as refusal:
            outcomes.append(refusal.detail or "")
        finally:
            connection.close()

    threads = [threading.Thread(target=draw) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Invoice.objects.count() == 1
    assert sorted("already" in each for each in outcomes) == [False, True], outcomes


def exported(kind: str, **terms: Any) -> list[list[str]]:
    """The rows of an export as CSV."""
    root, _ = User.objects.get_or_create(username="root", defaults={"is_superuser": True})
    made = request_report(kind=kind, file_format="csv", terms=terms, actor=root, now=clock.now())
    made = make_export(export_id=made.pk, now=clock.now())
    assert made.file is not None
    return list(csv.reader(io.StringIO(b"".join(chunks_of(made.file)).decode())))[1:]


def test_rounds_lines_and_revenue_are_exported(vendor: Vendor, caleta: Integration) -> None:
    agreed(caleta)
    one_round(vendor, 100, 40, "=1+1")
    vendor.rollback(play(vendor, 50, "r-2"), round="r-2", **GAME)
    month = month_goes_by()
    invoice = drawn(caleta, month)
    day, game = Round.objects.latest("id").opened_at.date().isoformat(), Round.objects.latest("id").game_id
    rounds = exported("rounds", game=game, since=day, until=day)
    assert [[row[5], *row[7:]] for row in rounds] == [
        ["'=1+1", "closed", "EUR", "1", "100.00", "0.00", "40.00", "0.00", "60.00"],
        ["r-2", "open", "EUR", "1", "50.00", "50.00", "0.00", "0.00", "0.00"],
    ]
    # As the page was filtered, and never more than the brands served.
    asked = {"game": game, "since": day, "until": day}
    assert exported("rounds", **asked, brand_ids=[make_brand().pk], currency="EUR") == rounds
    assert exported("rounds", **asked, brand_ids=[0]) == exported("rounds", **asked, currency="SEK") == []
    assert [row[6:11] for row in exported("invoice", invoice=invoice.pk)] == [
        ["share/all/EUR", "share", "All games: 60.00 EUR GGR, 10 % of 60.00 EUR", "EUR", "6.00"]
    ]
    terms = {"first": month.isoformat(), "after": next_month(month).isoformat()}
    assert exported("revenue", **terms) == [
        [month.isoformat(), "Europe/Malta", "aurora", "MT", "EUR", "2", "150.00", "50.00", "40.00", "0.00", "60.00",
         "0.00", "60.00"],
    ]  # fmt: skip
    assert exported("revenue", first=next_month(month).isoformat(), after="2099-01-01") == []


def test_a_month_is_asked_for_by_hand_and_the_page_says_what_became_of_it(vendor: Vendor, caleta: Integration) -> None:
    agreed(caleta)
    one_round(vendor, 100, 40, "r-1")
    month, ann, client = month_goes_by(), clerk("ann"), Client()
    client.force_login(ann)
    assert flush(10)
    reply = client.post(reverse("admin:reporting_invoice_do"), {"integration": caleta.pk}, follow=True)
    assert [str(each) for each in reply.context["messages"]] == [
        f"caleta {month:%B %Y} is being drawn up: it appears here, or why it could not be."
    ]
    assert draw_invoice(integration_id=caleta.pk, month=month.isoformat(), actor_id=ann.pk) == f"caleta-{month:%Y-%m}"
    assert draw_invoice(integration_id=caleta.pk, month=month.isoformat(), actor_id=ann.pk) == ""
    page = client.get(reverse("admin:reporting_invoice_changelist")).text
    assert "6.00 EUR" in page
    assert not InvoiceRefusal.objects.exists()
    terms = {"integration": caleta.pk, "month": month.isoformat()}
    again = client.post(reverse("admin:reporting_invoice_do"), terms, follow=True)
    assert [str(each) for each in again.context["messages"]] == [f"{month:%B %Y} has been drawn up already."]
    early = client.post(reverse("admin:reporting_invoice_do"), {"integration": caleta.pk}, follow=True)
    assert "has not ended" in str(next(iter(early.context["messages"])))
    assert draw_invoice(integration_id=caleta.pk, month=next_month(month).isoformat(), actor_id=ann.pk) == ""
    assert "it is drawn up as of a midnight" in client.get(reverse("admin:reporting_invoice_changelist")).text
    invoice = Invoice.objects.get()
    assert (invoice.drawn_by, invoice.cut_off) == (ann, last_midnight(clock.now()))
    address = reverse("admin:reporting_invoice_change", args=[invoice.pk])
    client.get(address)
    few = len(statements_of(client, address))
    stated = [Stated(f"theirs-{number}", Money.parse("1", "EUR")) for number in range(9)]
    enter_vendor_figures(invoice_id=invoice.pk, stated=stated, actor=ann, now=clock.now())
    assert len(statements_of(client, address)) == few
    assert few <= 16


def test_made_anew_the_revenue_has_the_same_values(vendor: Vendor, caleta: Integration) -> None:
    names = [each.name for each in Revenue._meta.fields if each.name != "id"]
    one_round(vendor, 100, 40, "r-1")
    flush(10)
    assert follow_revenue() == 2
    bet = play(vendor, 5, "r-2")
    flush(10)
    follow_revenue()
    vendor.rollback(bet, round="r-2", **GAME)
    flush(10)
    follow_revenue()
    before = list(Revenue.objects.order_by("posted").values_list(*names))
    assert rebuild_revenue() == 4
    assert list(Revenue.objects.order_by("posted").values_list(*names)) == before
