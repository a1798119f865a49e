"""Everything about one round on one page."""

from uuid import uuid4

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from apps.integrations import exchange_log
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import Game, Round
from apps.providers.round_queries import round_page
from tests.contracts.family import Vendor
from tests.factories.games import make_player
from tests.providers.table import EURO, GAME, play, seated

pytestmark = pytest.mark.django_db


def test_it_holds_every_call_that_moved_or_named_the_round(vendor: Vendor, player: Player, caleta: Integration) -> None:
    reference = f"r-{uuid4()}"
    bet = play(vendor, 3, reference)
    vendor.call("bet", **vendor.sent[-1])  # a retry
    assert vendor.bet(10**12, round=reference, **GAME)["status"] == "RS_ERROR_NOT_ENOUGH_MONEY"
    vendor.win(bet, 500_000, round=reference, round_closed=True, **GAME)
    play(vendor, 1, "another")
    assert exchange_log.flush()

    found = Round.objects.get(external_id=reference)
    page = round_page(found.pk, player_id=player.pk)
    assert page is not None
    assert page.round == found
    assert (page.game.title, page.session.player) == ("Dragon Rising", player)
    assert [(one.kind, one.external_id) for one in page.transactions] == [
        ("bet", bet),
        ("win", vendor.sent[3]["transaction_uuid"]),
    ]
    assert [one.amount for one in page.transfers] == [3 * EURO, 5 * EURO]
    assert [one.kind for one in page.commands] == ["debit", "credit"]
    assert [one.outcome for one in page.exchanges] == ["applied", "applied", "insufficient_funds", "applied"]
    assert [one.reply.status for one in page.exchanges] == [200] * 4
    assert page.events == []


def test_it_is_found_without_the_player_too(vendor: Vendor) -> None:
    play(vendor, 3)
    page = round_page(Round.objects.get().pk)
    assert page is not None
    assert len(page.transactions) == 1
    assert round_page(0) is None


def test_it_costs_a_fixed_number_of_queries(
    vendor: Vendor, player: Player, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(6):
        bet = play(vendor, 1)
        vendor.win(bet, 50_000, round="r-1", **GAME)
    round_id = Round.objects.get().pk
    with django_assert_num_queries(9):
        page = round_page(round_id, player_id=player.pk)
        assert page is not None
        assert len([transfer.debit_account.kind for transfer in page.transfers]) == 12
        assert page.session.integration.slug == "caleta"


def test_another_players_round_of_the_same_name_stays_apart(
    vendor: Vendor, player: Player, caleta: Integration, game: Game
) -> None:
    other = seated(make_player("bo", cash="9"), caleta, game)
    play(vendor, 3)
    play(other, 2)
    assert exchange_log.flush()
    page = round_page(Round.objects.get(player_id=player.pk).pk, player_id=player.pk)
    assert page is not None
    assert {one.player_id for one in page.exchanges} == {player.pk}
    assert [one.amount for one in page.transfers] == [3 * EURO]


def test_a_round_belongs_to_its_players_partition(vendor: Vendor, player: Player) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN SELECT * FROM providers_round WHERE player_id = %s ORDER BY id DESC LIMIT 5", [player.pk]
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert plan.count(" on providers_round_") == 1, plan
