"""Orders to the simulated payment providers over HTTP: accepted, refused, lost, asked for again."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from apps.core.money import Money
from apps.integrations.connections import Connection, connection, forget_connections
from apps.payments.adapters.adyen.wire import TRANSFER_STATES
from apps.payments.contract import (
    Customer,
    Direction,
    InstrumentFacts,
    PayoutOrder,
    PayoutRefused,
    PayoutSubmitted,
    PayoutUnclear,
    Query,
)
from apps.payments.registry import ADAPTERS
from apps.sandbox.models import SimulatedPayment, SimulatedPsp
from tests.journeys.conftest import Demo

CUSTOMER = Customer("01890000-0000-7000-8000-000000000000", "M", "S", "m@player.example", "1991-05-17", "FI", "en")


@pytest.fixture(params=["trustly", "adyen", "cryptoprocessing"])
def psp(request: pytest.FixtureRequest, in_demo: Demo) -> Iterator[Connection]:
    forget_connections()
    found = connection(request.param)
    assert found is not None
    yield found
    SimulatedPsp.objects.update(payout_answer="accept", payout_outcome="paid", telling="once")


def order(psp: Connection) -> PayoutOrder:
    currency = "BTC" if psp.slug == "cryptoprocessing" else "EUR"
    return PayoutOrder(
        key=f"w-{uuid4().hex}-1",
        money=Money.parse("1.5", currency),
        method="bank_transfer",
        customer=CUSTOMER,
        instrument=InstrumentFacts("777"),
        notification_url=str(psp.options.get("notification_url", "")),
    )


def set_answer(psp: Connection, answer: str) -> None:
    SimulatedPsp.objects.filter(slug=psp.slug).update(payout_answer=answer, telling="never")


def reached(wanted: PayoutOrder) -> int:
    return SimulatedPayment.objects.filter(reference=wanted.key).count()


def test_a_payout_is_accepted_once_however_often_it_is_sent(psp: Connection) -> None:
    set_answer(psp, "accept")
    wanted, adapter = order(psp), ADAPTERS[psp.vendor]
    first = adapter.submit_payout(psp, wanted)
    assert isinstance(first, PayoutSubmitted)
    again = adapter.submit_payout(psp, wanted)
    # Adyen repeats its answer, the others say that the key is taken: that proves nothing.
    assert again == first if psp.slug == "adyen" else isinstance(again, PayoutUnclear)
    found = SimulatedPayment.objects.get(reference=wanted.key)
    assert (found.amount, found.currency) == (wanted.money.decimal, wanted.money.currency)


@pytest.mark.parametrize(
    ("answer", "expected", "count"),
    [("refuse", PayoutRefused, 0), ("break", PayoutUnclear, 0), ("lose_reply", PayoutUnclear, 1)],
)
def test_only_a_definite_no_is_a_refusal(psp: Connection, answer: str, expected: type, count: int) -> None:
    set_answer(psp, answer)
    wanted = order(psp)
    assert isinstance(ADAPTERS[psp.vendor].submit_payout(psp, wanted), expected)
    assert reached(wanted) == count


def test_adyen_is_asked_by_our_key_where_its_answer_was_lost(in_demo: Demo) -> None:
    forget_connections()
    psp = connection("adyen")
    assert psp is not None
    set_answer(psp, "lose_reply")
    wanted, adapter = order(psp), ADAPTERS["adyen"]
    query = Query(Direction.WITHDRAWAL, wanted.key, "", wanted.money)
    assert adapter.fetch(psp, query).found is False
    adapter.submit_payout(psp, wanted)
    state = adapter.fetch(psp, query)
    assert (state.found, state.kind, state.amount) == (True, TRANSFER_STATES["booked"], wanted.money)
    by_id = adapter.fetch(psp, Query(Direction.WITHDRAWAL, wanted.key, state.psp_reference, wanted.money))
    assert by_id == state
    SimulatedPsp.objects.update(payout_answer="accept", telling="once")
