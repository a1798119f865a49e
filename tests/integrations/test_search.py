"""An exchange is found by any id that somebody may quote."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.core.ids import uuid7
from apps.core.request_context import request_context
from apps.integrations.search import find_exchanges
from apps.transactions.models import AccountKind, TransactionKind
from apps.transactions.posting import Leg, open_player_accounts, post, shared_account
from tests.integrations.exchanges import NOW, log_reply, log_request

pytestmark = pytest.mark.django_db


def log(*refs: str, second: int = 0, parent_id: UUID | None = None) -> UUID:
    exchange_id = log_request(None, at=NOW + timedelta(seconds=second), parent_id=parent_id)
    log_reply(exchange_id, refs=refs)
    return exchange_id


def found(text: str, limit: int = 50) -> list[UUID]:
    return [each.pk for each in find_exchanges(text, limit=limit)]


def test_by_our_request_id_with_the_calls_made_in_its_service() -> None:
    inbound, other = log(), log()
    outbound = log(second=1, parent_id=inbound)
    assert found(str(inbound)) == [outbound, inbound]
    assert found(f"  {inbound.hex.upper()} ") == [outbound, inbound]
    assert found(str(other)) == [other]


def test_by_what_the_vendor_calls_his_things() -> None:
    vendors_uuid = uuid4()
    bet = log(str(vendors_uuid), "round-17")
    win = log("583c985f-fee6-4c0e-bbf5-308aad6265af", "round-17", second=1)
    assert found("round-17") == [win, bet]
    assert found(vendors_uuid.hex) == [bet]
    assert found(str(vendors_uuid).upper()) == [bet]
    assert found("round-1") == []
    assert found("ROUND-17") == []


def test_by_ledger_transaction() -> None:
    accounts = open_player_accounts(player_id=1, brand_id=1, currency="EUR")
    house = shared_account(brand_id=1, currency="EUR", kind=AccountKind.TEST_FUNDING)
    exchange_id = uuid7()
    with request_context(exchange_id):
        transaction_id = post(
            kind=TransactionKind.TEST_FUNDING,
            brand_id=1,
            currency="EUR",
            player_id=1,
            legs=[Leg(house, accounts.cash, 1_000_000)],
            now=NOW,
        )
    at = timezone.now()
    log_request(None, at=at, exchange_id=exchange_id, transaction_id=transaction_id, outcome="applied")
    log_request(None, at=at)
    assert found(str(transaction_id)) == [exchange_id]


def test_a_request_without_a_reply_is_found_too() -> None:
    request = log_request(None, at=NOW)
    assert found(str(request)) == [request]


def test_the_newest_come_first_and_no_more_than_asked_for() -> None:
    logged = [log("same", second=second) for second in range(5)]
    assert found("same", limit=2) == [logged[4], logged[3]]


def test_what_is_no_id_finds_nothing() -> None:
    log("something")
    for text in ("", "   ", "a\0b", "no-such-id", "{", "' OR 1=1", "x" * 5000, str(uuid4())):
        assert found(text) == []


def test_a_find_costs_the_same_queries_however_much_it_finds(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for second in range(5):
        log("same", second=second)
    with django_assert_num_queries(2):
        assert [each.reply.verb for each in find_exchanges("same")] == ["bet"] * 5
