"""National registers, fail-closed (Q10): down, slow or lying bars registration, play, deposits and marketing."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.brands.models import Brand, Market
from apps.core import clock
from apps.core.money import Money
from apps.players.models import Player, PlayerSession
from apps.players.passwords import password_hash
from apps.providers.models import Game
from apps.safer_play.admissions import RegisterUnavailable
from apps.safer_play.deposits import reserve_deposit
from apps.safer_play.exclusions import ExclusionTerms, active_exclusion, exclude_person, is_excluded
from apps.safer_play.marketing import marketable
from apps.safer_play.models import Exclusion, RegisterQuery
from tests.factories.integrations import make_brand
from tests.factories.players import PASSWORD, login, problem, registration_body
from tests.safer_play.register_server import KEY, Register, connect_register, register_server
from tests.safer_play.scene import Frontend, limit, load_policies, player_in

REAL = {"mode": "real", "platform": "desktop"}


@pytest.fixture
def register(db: None) -> Iterator[Register]:
    with register_server() as server:
        yield server


@pytest.fixture
def brand(game: Game, register: Register) -> Brand:
    load_policies()
    brand = make_brand(currencies=("EUR", "GBP", "SEK"))
    for law, country in (("GB", "GB"), ("SE", "SE")):
        Market.objects.create(brand=brand, jurisdiction_id=law, countries=[country])
    connect_register(register, jurisdiction="GB")
    return brand


@pytest.fixture
def player(brand: Brand) -> Player:
    return player_in("GB", currency="GBP", brand=brand, password=password_hash(PASSWORD))


def logged_in(player: Player) -> Frontend:
    answer = login(Client(), player.username, brand=player.brand.code)
    assert answer.status_code == 201, answer.content
    session = PlayerSession.objects.get(public_id=answer.json()["session"])
    return Frontend(session, Client(headers={"Authorization": f"Bearer {answer.json()['token']}"}))


def register_person(**changes: Any) -> Any:
    body = registration_body(country="GB", currency="GBP", **changes)
    return Client().post("/api/v1/players", body, content_type="application/json")


def down(register: Register) -> None:
    register.status = 503


def silent(register: Register) -> None:
    register.hangs = threading.Event()


def unknown_word(register: Register) -> None:
    register.says = "MAYBE"


def no_word(register: Register) -> None:
    register.says = ""


def yes_and_no(register: Register) -> None:
    register.says = "N, Y"


def refusing_the_key(register: Register) -> None:
    register.status = 403


FAULTS = [down, silent, unknown_word, no_word, yes_and_no, refusing_the_key]


def test_registration_asks_with_the_fields_and_the_key_of_the_protocol(brand: Brand, register: Register) -> None:
    assert register_person(first_name="Ann", last_name="O'Neil").status_code == 201
    (asked,) = register.asked
    assert asked == {
        "firstName": "Ann",
        "lastName": "O'Neil",
        "dateOfBirth": "1991-04-17",
        "email": "astrid@example.com",
    }
    assert register.keys == [KEY]
    query = RegisterQuery.objects.get()
    assert (query.register, query.purpose, query.answer) == ("GAMSTOP", "register", "clear")
    assert query.policy_version_id is not None
    assert query.exchange_id is not None
    assert len(query.subject_digest) == 64
    assert "Neil" not in str(vars(query))


def test_an_excluded_person_is_not_registered(brand: Brand, register: Register) -> None:
    register.says = "Y"
    problem(register_person(), 403, "registration-barred")
    assert Player.objects.count() == 0
    assert RegisterQuery.objects.get().answer == "excluded"


def test_a_person_who_was_excluded_before_is_registered_but_not_marketed_to(brand: Brand, register: Register) -> None:
    register.says = "P"
    assert register_person().status_code == 201
    assert marketable(Player.objects.select_related("brand", "jurisdiction"), now=clock.now()) == set()


@pytest.mark.parametrize("break_it", FAULTS)
def test_without_an_answer_nobody_is_registered(
    brand: Brand, register: Register, break_it: Callable[[Register], None]
) -> None:
    break_it(register)
    refused = problem(register_person(), 503, "register-unavailable")
    assert refused["status"] == 503
    assert Player.objects.count() == 0
    assert RegisterQuery.objects.get().answer == "unknown"
    assert RegisterQuery.objects.get().error != ""


def test_a_jurisdiction_whose_register_is_not_connected_registers_nobody(brand: Brand, register: Register) -> None:
    person = registration_body(country="SE", currency="SEK")
    problem(Client().post("/api/v1/players", person, content_type="application/json"), 503, "register-unavailable")
    query = RegisterQuery.objects.get()
    assert (query.register, query.answer, query.error) == ("Spelpaus", "unknown", "not connected")


def test_who_is_found_at_log_in_is_excluded_from_that_moment_and_may_withdraw(
    player: Player, register: Register, game: Game
) -> None:
    other_device = logged_in(player)
    register.says = "Y"
    frontend = logged_in(player)
    assert is_excluded(player.pk, now=clock.now())
    found = Exclusion.objects.get()
    assert (found.kind, found.actor, found.ends_at) == ("register", "GAMSTOP", None)
    assert other_device.call("get", "me").status_code == 401
    problem(frontend.call("post", f"games/{game.public_code}/launch", REAL), 403, "player-excluded")
    assert may_ask_for_a_withdrawal(frontend)


def may_ask_for_a_withdrawal(frontend: Frontend) -> bool:
    """Whether a withdrawal gets as far as its instrument: nothing of the register stands in its way."""
    body = {"amount": {"amount": "10.00", "currency": "GBP"}, "instrument": "none"}
    answer = frontend.call("post", "withdrawals", body, **{"Idempotency-Key": "w-1"})
    return answer.status_code != 503 and answer.json().get("code") not in {"player-excluded", "register-unavailable"}


@pytest.mark.parametrize("break_it", FAULTS)
def test_without_an_answer_at_log_in_there_is_neither_play_nor_a_deposit_but_a_withdrawal(
    player: Player, register: Register, game: Game, break_it: Callable[[Register], None]
) -> None:
    break_it(register)
    frontend = logged_in(player)
    problem(frontend.call("post", f"games/{game.public_code}/launch", REAL), 503, "register-unavailable")
    with pytest.raises(RegisterUnavailable):
        reserve_deposit(player=player, deposit_key="d", money=Money.parse("1", "GBP"), now=clock.now())
    assert marketable([player], now=clock.now()) == set()
    assert may_ask_for_a_withdrawal(frontend)
    queries = RegisterQuery.objects.values_list("purpose", "answer")
    assert set(queries) == {("login", "unknown"), ("marketing", "unknown")}
    assert active_exclusion(player.pk, now=clock.now()) is None


def test_once_the_register_answers_again_the_same_log_in_may_play(
    player: Player, register: Register, game: Game
) -> None:
    register.status = 503
    frontend = logged_in(player)
    problem(frontend.call("post", f"games/{game.public_code}/launch", REAL), 503, "register-unavailable")
    register.status = 200
    answer = frontend.call("post", f"games/{game.public_code}/launch", REAL)
    assert answer.json()["code"] not in {"register-unavailable", "player-excluded"}


def test_an_answer_counts_for_the_log_in_it_was_given_for_only(player: Player, register: Register, game: Game) -> None:
    logged_in(player)
    PlayerSession.objects.update(revoked_at=clock.now(), revoked_reason="logged-out")
    register.status = 503
    frontend = logged_in(player)
    problem(frontend.call("post", f"games/{game.public_code}/launch", REAL), 503, "register-unavailable")


def test_after_five_failures_it_is_left_alone_for_a_while(player: Player, register: Register) -> None:
    register.status = 503
    for _ in range(7):
        logged_in(player)
    assert len(register.asked) == 5
    errors = list(RegisterQuery.objects.order_by("pk").values_list("error", flat=True))
    assert errors[5:] == ["not asked: the last answers failed"] * 2


def test_marketing_asks_about_many_at_once_and_leaves_out_who_is_on_the_list(
    player: Player, register: Register
) -> None:
    more = [player_in("GB", currency="GBP", brand=player.brand, username=f"p{number}") for number in range(3)]
    assert marketable([player, *more], now=clock.now()) == {player.pk, *(each.pk for each in more)}
    assert [len(batch) for batch in register.batches] == [4]
    assert RegisterQuery.objects.filter(purpose="marketing", answer="clear").count() == 4
    register.says = "Y"
    assert marketable([player, *more], now=clock.now()) == set()


@pytest.mark.parametrize("answer", [b"[]", b"{}", b"no", b'[{"correlationId": "x", "exclusion": "N"}]'])
def test_a_batch_that_lacks_an_answer_clears_nobody(player: Player, register: Register, answer: bytes) -> None:
    register.batch_answer = answer
    assert marketable([player], now=clock.now()) == set()


def test_the_gateway_speaks_for_registers_of_which_only_licensees_know_the_protocol(
    brand: Brand, register: Register
) -> None:
    connect_register(register, jurisdiction="SE", vendor="register-gateway")
    person = registration_body(country="SE", currency="SEK")
    register.says = "perhaps"
    problem(Client().post("/api/v1/players", person, content_type="application/json"), 503, "register-unavailable")
    register.says = "Y"
    problem(Client().post("/api/v1/players", person, content_type="application/json"), 403, "registration-barred")
    register.says = "N"
    assert Client().post("/api/v1/players", person, content_type="application/json").status_code == 201
    assert [row["last_name"] for row in register.batches[0]] == ["Vella"]


def test_who_is_excluded_here_can_not_open_another_account(player: Player) -> None:
    terms = ExclusionTerms(kind="self_exclusion", lasts=timedelta(days=200))
    exclude_person(player_id=player.pk, terms=terms, now=clock.now())
    person = {"first_name": player.first_name, "last_name": player.last_name, "email": player.email.upper()}
    again = register_person(username="fresh", birth_date=player.birth_date.isoformat(), **person)
    problem(again, 403, "registration-barred")
    limit(player, "loss", "1", "day")
