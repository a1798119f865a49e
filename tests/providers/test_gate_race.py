"""A suspension against bets in flight: none is accepted after it has been committed."""

import threading
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection

from apps.core.ids import token_digest, uuid7
from apps.core.money import Money
from apps.players.models import Player
from apps.players.operations import change_status
from apps.providers.contract import Outcome
from apps.providers.wallet_calls import WalletCall, close_lanes, post_call
from apps.sandbox.seating import seat_player
from tests.factories.integrations import connect_game_vendor

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
BETTORS = 6


def _bet(integration_id: int, token: str) -> Outcome:
    call = WalletCall(
        request_id=uuid7(),
        integration_id=integration_id,
        verb="debit",
        kind="bet",
        token="\\x" + token_digest(token).hex(),
        key=str(uuid4()),
        fingerprint="\\x00",
        game_code="race",
        round_ref=str(uuid4()),
        currency="EUR",
        amount=1000,
        draw=["cash"],
        now=NOW,
        started_at=datetime.now(UTC),
        method="POST",
        path="/race",
        headers={},
        body="",
    )
    return post_call(call).outcome


def _applied() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM transactions_command WHERE outcome = 'applied'")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_no_bet_is_accepted_after_a_suspension_has_been_committed() -> None:
    integration = connect_game_vendor("caleta")
    seat = seat_player(
        provider="caleta",
        user_id="",
        currency="EUR",
        cash=Money.parse("1000", "EUR"),
        promo=None,
        blocked=None,
        game_code="race",
        now=NOW,
    )
    outcomes: list[Outcome] = []
    running = threading.Event()
    running.set()

    def keep_betting() -> None:
        while running.is_set():
            outcomes.append(_bet(integration.pk, seat.token))
        connection.close()

    bettors = [threading.Thread(target=keep_betting) for _ in range(BETTORS)]
    for bettor in bettors:
        bettor.start()
    while outcomes.count(Outcome.APPLIED) < 5 * BETTORS:
        bettors[0].join(timeout=0.005)
    change_status(player_id=Player.objects.get().pk, to="suspended", reason_code="race", note="", actor="test", now=NOW)
    at_commit = _applied()
    while outcomes.count(Outcome.BLOCKED) < BETTORS:
        bettors[0].join(timeout=0.005)
    running.clear()
    for bettor in bettors:
        bettor.join()
    close_lanes()
    assert _applied() == at_commit
    assert set(outcomes) == {Outcome.APPLIED, Outcome.BLOCKED}
