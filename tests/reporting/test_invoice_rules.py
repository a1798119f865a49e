"""What needs no play: the states of an invoice, the vendor's figures as they are typed, buckets of months."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django_fsm import TransitionNotAllowed

from apps.reporting.invoicing.access import InvoiceNotSound
from apps.reporting.invoicing.months import month_bounds
from apps.reporting.invoicing.vendor_figures import read_stated
from apps.reporting.models import Invoice


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Between 1 and"),
        ("share/all/EUR,EUR", "Line 1"),
        ("a,EUR,1e9", "Line 1"),
        ("a,EUR,1.001", "Line 1"),
        ("a,XXX,1", "Line 1"),
        ("a,EUR,1\na,EUR,2", "twice"),
        ("\x00,EUR,1", "Line 1"),
        ("a\rb,EUR,1", "lines of a table"),
        (f'"{"a" * 140_000}",EUR,1', "lines of a table"),
    ],
)
def test_figures_that_make_no_sense_are_refused(text: str, why: str) -> None:
    with pytest.raises(InvoiceNotSound, match=why):
        read_stated(text)


MOVES: dict[str, Callable[..., None]] = {
    "check_figures": lambda invoice, **by: invoice.check_figures(**by),
    "approve": lambda invoice, **by: invoice.approve(**by),
    "dispute": lambda invoice, **by: invoice.dispute(**by, reason="no"),
    "settle": lambda invoice, **by: invoice.settle(**by, reference="x"),
    "withdraw": lambda invoice, **by: invoice.withdraw(**by, reason="no"),
}
ALLOWED = {
    "draft": {"check_figures", "dispute", "withdraw"},
    "checked": {"approve", "dispute", "withdraw"},
    "approved": {"dispute", "settle"},
    "disputed": {"check_figures", "settle", "withdraw"},
    "settled": set(),
    "withdrawn": set(),
}


@pytest.mark.parametrize("state", Invoice.State.values)
@pytest.mark.parametrize("name", MOVES)
def test_an_invoice_moves_only_as_drawn(state: str, name: str) -> None:
    invoice = Invoice(state=state)
    by: dict[str, Any] = {"by": None, "at": datetime(2026, 1, 1, tzinfo=UTC)}
    if name in ALLOWED[state]:
        MOVES[name](invoice, **by)
    else:
        with pytest.raises(TransitionNotAllowed):
            MOVES[name](invoice, **by)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Malta", "America/Toronto", "Asia/Kolkata", "Pacific/Kiritimati", "Etc/GMT+12"]
)
def test_months_of_every_zone_are_made_of_whole_buckets(zone: str) -> None:
    with connection.cursor() as cursor:
        for month in range(1, 13):
            starts_at, _ = month_bounds(datetime(2026, month, 1, tzinfo=UTC).date(), zone)
            cursor.execute(
                "SELECT reporting_bucket(%s), reporting_bucket(%s)", [starts_at, starts_at - timedelta(seconds=1)]
            )
            own, before = cursor.fetchone()
            assert own == starts_at
            assert before < starts_at
