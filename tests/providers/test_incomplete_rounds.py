"""Interrupted rounds: the policy that governs them, what the task does by it, and what a player sees and may do."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from apps.core import clock
from apps.integrations.connections import forget_connections
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers import tasks
from apps.providers.models import Game, GameSession, Round, RoundEvent, RoundPolicy
from apps.providers.resolution import ACTOR, resolve_incomplete_rounds
from apps.providers.round_policies import RoundPolicyNotSound, policy_of, read_book
from apps.providers.rounds import late_results
from apps.safer_play.exclusions import ExclusionTerms, exclude_person
from apps.safer_play.models import Exclusion
from apps.transactions.models import Transaction
from tests.contracts.family import Vendor
from tests.factories.games import frontend_of, make_game
from tests.providers.table import EURO, GAME, cash_of, play, published, seated
from tests.providers.vendor_server import LaunchServer, launch_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(caleta: Integration) -> Iterator[LaunchServer]:
    with launch_server() as running:
        caleta.base_url = running.base_url
        caleta.options = {"operator_id": 4711, "sub_partner_id": "aurora-mt"}
        caleta.save()
        forget_connections()
        yield running


def launch(player: Player, **terms: Any) -> Any:
    body = {"mode": "real", "platform": "mobile"} | terms
    return frontend_of(player).post("/api/v1/games/clt-dragonrising/launch", body, content_type="application/json")


# Which policy governs


def test_the_most_specific_policy_of_when_the_round_was_opened_governs_it(
    vendor: Vendor, player: Player, game: Game, maker: User, checker: User
) -> None:
    shipped = RoundPolicy.objects.get()
    play(vendor, 1)
    of_category = published(maker, checker, category="slot", outcome="staff")
    of_brand = published(maker, checker, category="slot", brand_id=player.brand_id)
    of_game = published(maker, checker, game_id=game.pk, outcome="wait")
    published(maker, checker, category="live", jurisdiction_id="MT")
    later = clock.now() + timedelta(days=1)
    published(maker, checker, game_id=game.pk, outcome="void", effective_at=later)
    published(maker, checker, game_id=game.pk, outcome="general", effective_at=later + timedelta(days=1))

    book, found = read_book(), Round.objects.get()
    assert policy_of(found) == shipped  # it was opened before the others were published

    def governing(at: Any, brand: int = player.brand_id, of: Game = game) -> RoundPolicy:
        return book.governing(game=of, brand_id=brand, jurisdiction="MT", at=at)

    other = make_game("clt_other")
    now = clock.now()
    assert [governing(now), governing(now, of=other), governing(now, 0, other)] == [of_game, of_brand, of_category]
    assert governing(later).outcome == "void"
    assert governing(later + timedelta(days=1)) == of_brand


def test_a_policy_takes_two_people_and_stays_as_it_was_published(game: Game, maker: User, checker: User) -> None:
    with pytest.raises(PermissionDenied):
        published(checker, maker)
    for terms in (
        {"text": " "},
        {"source": ""},
        {"interrupted_after_minutes": 61, "resolve_after_hours": 1},
        {"game_id": 0},
        {"category": "dice"},
        {"outcome": "keep"},
        {"outcome": "general"},
    ):
        with pytest.raises(RoundPolicyNotSound):
            published(maker, checker, **terms)
    policy = published(maker, checker, effective_at=clock.now() - timedelta(days=9))
    assert (policy.maker, policy.checker, policy.effective_at) == (maker, checker, policy.published_at)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        RoundPolicy.objects.update(text="Something else.")
    policy.pk, policy.checker = None, maker
    with pytest.raises(IntegrityError, match="two_people"), transaction.atomic():
        policy.save(force_insert=True)


# What the task does


def test_by_its_policy_a_round_is_voided_in_time_and_refunded_once(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    policy = published(maker, checker)
    play(vendor, 3)
    at = Round.objects.get().last_activity_at + timedelta(hours=24)
    assert resolve_incomplete_rounds(now=at - timedelta(seconds=1)) == {}
    assert resolve_incomplete_rounds(now=at) == {"void": 1}
    assert resolve_incomplete_rounds(now=at + timedelta(days=9)) == {}
    assert (cash_of(player), Round.objects.get().state) == (100 * EURO, "voided")
    event = RoundEvent.objects.get()
    assert (event.kind, event.policy, event.amount_units, event.actor) == ("voided", policy, 3 * EURO, ACTOR)
    details: Any = Transaction.objects.get(kind="correction").details
    assert details["policy"] == policy.pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM integrations_fact WHERE kind = 'providers.round.resolved'")
        ((told,),) = cursor.fetchall()
    assert json.loads(told) == {
        "game": "clt_dragonrising",
        "outcome": "voided",
        "amount_units": 3 * EURO,
        "currency": "EUR",
        "policy": str(policy.pk),
    }


def test_what_has_paid_or_is_for_a_person_is_handed_over_and_what_waits_is_left_alone(
    vendor: Vendor, game: Game, caleta: Integration, player: Player, maker: User, checker: User
) -> None:
    published(maker, checker)
    for_staff = make_game("clt_staff")
    waiting = make_game("clt_wait")
    published(maker, checker, game_id=for_staff.pk, outcome="staff")
    published(maker, checker, game_id=waiting.pk, outcome="wait")
    bet = play(vendor, 3)
    vendor.win(bet, 100_000, round="r-1", **GAME)  # a free spin of a feature that is not over
    for code, name in (("clt_staff", "r-2"), ("clt_wait", "r-3")):
        vendor.bet(100_000, round=name, game_code=code)
    clock.advance(25 * 3600)
    assert tasks.resolve_incomplete_rounds() == {"staff": 2}
    assert tasks.resolve_incomplete_rounds() == {}
    assert set(Round.objects.values_list("state", flat=True)) == {"open"}
    handed = RoundEvent.objects.filter(kind="handed")
    assert handed.count() == 2
    assert all(each.policy_id for each in handed)


def test_a_round_that_its_player_comes_back_to_is_left_alone(
    vendor: Vendor, player: Player, caleta: Integration, game: Game, maker: User, checker: User
) -> None:
    published(maker, checker)
    play(vendor, 3)
    clock.advance(20 * 3600)
    play(seated(player, caleta, game), 1)
    clock.advance(5 * 3600)
    assert tasks.resolve_incomplete_rounds() == {}
    assert Round.objects.get().held_amount == 4 * EURO


def test_a_refund_reaches_who_is_excluded_or_closed(vendor: Vendor, player: Player, maker: User, checker: User) -> None:
    published(maker, checker)
    play(vendor, 3)
    Player.objects.filter(pk=player.pk).update(status=Player.Status.CLOSED)
    clock.advance(25 * 3600)
    assert tasks.resolve_incomplete_rounds() == {"void": 1}
    assert cash_of(player) == 100 * EURO


@pytest.mark.django_db(transaction=True)
def test_a_win_at_the_same_moment_is_paid_or_refused_never_both(
    vendor: Vendor, player: Player, maker: User, checker: User
) -> None:
    """Either the win comes first and the round is not voided, or the void does and the win waits for somebody."""
    published(maker, checker)
    bets = {f"r-{number}": play(vendor, 1, f"r-{number}") for number in range(6)}
    at = clock.now() + timedelta(hours=25)
    barrier = threading.Barrier(3)

    def resolve(_: int) -> None:
        barrier.wait(5)
        try:
            resolve_incomplete_rounds(now=at)
        finally:
            connection.close()

    def win(_: int) -> None:
        barrier.wait(5)
        try:
            for name, bet in bets.items():
                vendor.win(bet, 500_000, round=name, round_closed=True, **GAME)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda job: job(0), [resolve, resolve, win]))
    paid = Round.objects.filter(state="closed", won=5 * EURO).count()
    voided = Round.objects.filter(state="voided", won=0).count()
    assert paid + voided == 6
    assert late_results().count() == voided == RoundEvent.objects.filter(kind="voided").count()
    assert cash_of(player) == (94 + 5 * paid + voided) * EURO


# What a player sees


def test_a_player_reads_what_is_in_play_and_what_happens_to_it(
    vendor: Vendor, player: Player, server: LaunchServer, maker: User, checker: User
) -> None:
    policy = published(maker, checker)
    play(vendor, 3)
    client = frontend_of(player)
    assert client.get("/api/v1/rounds?state=incomplete").json()["results"] == []
    assert client.get("/api/v1/wallets").json()["results"][0]["in_play"] == {"amount": "3.00", "currency": "EUR"}
    clock.advance(30 * 60)
    (found,) = frontend_of(player).get("/api/v1/rounds?state=incomplete").json()["results"]
    last = Round.objects.get().last_activity_at
    assert found["held"] == {"amount": "3.00", "currency": "EUR"}
    assert found["incomplete"] == {
        "since": wire(last),
        "happens": "void",
        "happens_at": wire(last + timedelta(hours=24)),
        "handed_to_staff": False,
        "policy": str(policy.pk),
        "text": "After a day your stake is returned.",
        "resume": {"game": "clt-dragonrising", "currency": "EUR"},
    }
    exclude_person(
        player_id=player.pk,
        terms=ExclusionTerms(kind=Exclusion.Kind.TIME_OUT, lasts=timedelta(days=1)),
        now=clock.now(),
    )
    assert frontend_of(player).get("/api/v1/rounds").json()["results"][0]["incomplete"]["resume"] is None


def test_many_incomplete_rounds_cost_as_many_queries_as_one(
    vendor: Vendor, player: Player, server: LaunchServer, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(8):
        play(vendor, 1, f"r-{number}")
    clock.advance(3600)
    client = frontend_of(player)
    with django_assert_max_num_queries(16):
        page = client.get("/api/v1/rounds?state=incomplete&limit=5").json()
    assert len(page["results"]) == 5
    assert len(client.get(page["next"]).json()["results"]) == 3


# Before a new start


def test_a_launch_goes_on_with_the_unfinished_round_and_ends_the_session_it_was_left_in(
    vendor: Vendor, player: Player, server: LaunchServer
) -> None:
    play(vendor, 3)
    answer = launch(player)
    assert answer.status_code == 201, answer.content
    found = Round.objects.get()
    assert answer.json()["resumes"] == {
        "round": str(found.pk),
        "held": {"amount": "3.00", "currency": "EUR"},
        "since": wire(found.opened_at),
    }
    assert GameSession.objects.get(pk=found.session_id).end_reason == "resumed"
    assert vendor.bet(100_000, round="r-1", **GAME)["status"] != "RS_OK"
    assert launch(player, mode="demo").json().get("resumes") is None


def test_an_integration_that_can_not_restore_refuses_a_new_start_until_the_round_has_ended(
    vendor: Vendor, player: Player, server: LaunchServer, maker: User, checker: User
) -> None:
    published(maker, checker, vendor="caleta", new_start="refuse")
    bet = play(vendor, 3)
    refused = launch(player)
    found = Round.objects.get()
    assert (refused.status_code, refused.json()["code"]) == (409, "unfinished-round")
    document = refused.json()
    assert document["round"] == str(found.pk)
    assert document["session"] == str(GameSession.objects.get(pk=found.session_id).public_id)
    assert document["held"] == {"amount": "3.00", "currency": "EUR"}
    assert document["resume_in"] is None
    assert (GameSession.objects.count(), server.paths) == (1, [])
    vendor.win(bet, 0, round="r-1", round_closed=True, **GAME)
    assert launch(player).status_code == 201


def test_a_crash_game_that_ends_by_itself_starts_anew_unless_a_policy_says_otherwise(
    vendor: Vendor, player: Player, server: LaunchServer, game: Game, maker: User, checker: User
) -> None:
    Game.objects.update(category="crash")
    play(vendor, 3)
    assert launch(player).json()["resumes"] is None
    published(maker, checker, game_id=game.pk, new_start="resume")
    play(vendor, 1, "r-2")
    assert launch(player).json()["resumes"]["round"] == str(Round.objects.get(external_id="r-2").pk)


def test_a_game_that_was_disabled_is_not_resumed_and_its_player_reads_why(
    vendor: Vendor, player: Player, server: LaunchServer
) -> None:
    play(vendor, 3)
    Game.objects.update(is_enabled=False)
    refused = launch(player).json()
    assert (refused["code"], refused["reasons"]) == ("game-not-available", ["game"])
    assert refused["unfinished_round"]["round"] == str(Round.objects.get().pk)
    assert refused["unfinished_round"]["text"].startswith("If a game is interrupted")
    clock.advance(3600)
    (found,) = frontend_of(player).get("/api/v1/rounds?state=incomplete").json()["results"]
    assert found["incomplete"]["resume"] is None


def wire(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
