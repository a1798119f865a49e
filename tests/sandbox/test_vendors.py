"""The simulated vendors by themselves: paytables, the launch API, demos, pictures, the pages."""

import json
import random
from fractions import Fraction
from typing import Any

import pytest
from django.test import Client

from apps.sandbox.models import SimulatedSession, SimulatedVendor, SimulatorControl
from apps.sandbox.traffic.driver import scenario_of
from apps.sandbox.vendors.catalogue import GAMES, paytable_of
from apps.sandbox.vendors.paytable import SCALE, paytable
from apps.sandbox.vendors.sessions import money_text, stakes_of
from apps.sandbox.vendors.signatures import is_signed, new_key_pair, sign
from apps.sandbox.vendors.speakers.registry import SPEAKERS

LAUNCH = {"hub88": "operator/generic/v2/game/url", "caleta": "api/game/url"}
HEADER = {"hub88": "X-Hub88-Signature", "caleta": "X-Auth-Signature"}
ORDER: dict[str, Any] = {"operator_id": 1001, "user": "player-1", "token": "t" * 20, "currency": "EUR", "country": "MT"}


@pytest.mark.parametrize(("vendor", "code"), [(vendor, code) for vendor, games in GAMES.items() for code in games])
def test_every_paytable_returns_exactly_what_it_declares(vendor: str, code: str) -> None:
    table = paytable_of(vendor, code)
    assert table.rtp == Fraction(GAMES[vendor][code].rtp_basis_points[0], 10_000)
    assert sum(table.weights.values()) <= 10_000
    assert all(prize * stake == int(prize * stake) for prize in table.weights for stake in stakes_of("EUR"))


def test_spins_return_what_the_paytable_promises() -> None:
    table = paytable_of("hub88", "nlg_auroranights")
    rng = random.Random(88)
    spins = [table.spin(rng) for _ in range(20_000)]
    measured = sum(spin.payout(SCALE) for spin in spins) / (SCALE * len(spins))
    deviation = (float(table.variance) / len(spins)) ** 0.5
    assert abs(measured - 0.96) < 3 * deviation
    assert all((len(set(spin.symbols)) == 1) == (spin.prize > 0) for spin in spins)


def test_a_paytable_that_can_not_be_is_refused() -> None:
    symbols = tuple("abcdefghi")
    for rtp in (8000, 20_000):
        with pytest.raises(ValueError, match="no paytable"):
            paytable(rtp_basis_points=rtp, volatility=1, symbols=symbols)
    with pytest.raises(ValueError, match="more prizes"):
        paytable(rtp_basis_points=9600, volatility=1, symbols=symbols[:3])


@pytest.mark.parametrize(
    ("currency", "first", "text"),
    [
        ("EUR", 10_000, "0.10 EUR"),
        ("JPY", 1_000_000, "10 JPY"),
        ("BTC", 100, "0.0010 BTC"),
        ("FUN", 10_000, "0.10 FUN"),
    ],
)
def test_stakes_fit_their_currency(currency: str, first: int, text: str) -> None:
    assert (stakes_of(currency)[0], money_text(first, currency)) == (first, text)


@pytest.fixture
def platform_key(db: None) -> str:
    """Private key with which the platform signs; the vendors know its public half."""
    pair = new_key_pair()
    for slug in GAMES:
        SimulatedVendor.objects.create(
            slug=slug, platform_url="http://127.0.0.1:1", platform_key_pem=pair.public_pem, operator_id=1001
        )
    return pair.private_pem


def call(client: Client, vendor: str, path: str, body: Any, key: str) -> tuple[int, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    address = f"/sandbox/vendors/{vendor}/{path}"
    response = client.post(address, raw, content_type="application/json", headers={HEADER[vendor]: sign(key, raw)})
    return response.status_code, response.json()


@pytest.mark.parametrize("vendor", ["hub88", "caleta"])
def test_a_signed_launch_opens_a_session(client: Client, platform_key: str, vendor: str) -> None:
    code = next(iter(GAMES[vendor]))
    status, answer = call(client, vendor, LAUNCH[vendor], {**ORDER, "game_code": code}, platform_key)
    assert (status, answer) == (200, {"url": f"http://testserver/sandbox/vendors/{vendor}/play?token={ORDER['token']}"})
    session = SimulatedSession.objects.get()
    assert (session.user, session.game_code, session.currency, session.demo_balance) == ("player-1", code, "EUR", None)
    assert GAMES[vendor][code].title in client.get(answer["url"]).content.decode()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"operator_id": 5}, 404),
        ({"game_code": "unknown"}, 404),
        ({"game_code": None}, 400),
        ({"token": "short"}, 400),
        ({"user": ""}, 400),
    ],
)
def test_a_launch_that_makes_no_sense_is_refused(
    client: Client, platform_key: str, change: dict[str, Any], status: int
) -> None:
    order = {**ORDER, "game_code": "nlg_fjordgold", **change}
    answered, answer = call(client, "hub88", LAUNCH["hub88"], order, platform_key)
    assert (answered, set(answer)) == (status, {"error"})
    assert not SimulatedSession.objects.exists()


def test_a_launch_signed_by_somebody_else_is_refused(client: Client, platform_key: str) -> None:
    order = {**ORDER, "game_code": "nlg_fjordgold"}
    assert call(client, "hub88", LAUNCH["hub88"], order, new_key_pair().private_pem)[0] == 401
    assert call(client, "hub88", LAUNCH["hub88"], b"not json", platform_key)[0] == 400
    assert call(client, "hub88", "operator/generic/v2/nothing", order, platform_key)[0] == 404


def test_games_are_listed_with_pictures_that_exist(client: Client, platform_key: str) -> None:
    status, games = call(client, "caleta", "api/game/list", {"operator_id": 1001}, platform_key)
    assert (status, len(games)) == (200, 12)
    for game in games:
        picture = client.get(game["url_thumb"])
        assert (picture.status_code, picture["Content-Type"]) == (200, "image/svg+xml")
        assert game["name"].split()[0].replace("'", "&#x27;") in picture.content.decode()


def test_a_demo_is_spun_for_play_money_until_it_is_spent(client: Client, platform_key: str) -> None:
    order = {"operator_id": 1001, "game_code": "nlg_fjordgold", "currency": "XXX", "country": "MT"}
    url = call(client, "hub88", LAUNCH["hub88"], order, platform_key)[1]["url"]
    session = SimulatedSession.objects.get()
    assert (session.user, session.demo_balance) == ("", 1000 * SCALE)
    client.get(url)

    def spin(stake: int) -> Any:
        body = json.dumps({"token": session.token, "stake": stake})
        return client.post("/sandbox/vendors/hub88/play/spin", body, content_type="application/json")

    assert spin(100_000).json()["balance"].endswith(" XXX")
    assert spin(99).status_code == 400
    SimulatedSession.objects.update(demo_balance=1)
    assert (spin(100_000).status_code, spin(100_000).json().keys()) == (409, {"error"})


def test_signatures_bind_every_byte() -> None:
    pair = new_key_pair()
    signature = sign(pair.private_pem, b'{"a": 1}')
    assert is_signed(pair.public_pem, b'{"a": 1}', signature)
    assert not is_signed(pair.public_pem, b'{"a":1}', signature)
    assert not is_signed(pair.public_pem, b'{"a": 1}', "rubbish!")


def test_faults_come_at_their_set_rates() -> None:
    control = SimulatorControl(duplicate=30, dropped_reply=0, reorder=0, rollback=20, late_bet=0, conflict=0)
    rng = random.Random(1)
    drawn = [scenario_of(control, rng) for _ in range(10_000)]
    assert set(drawn) == {"clean", "duplicate", "rollback"}
    assert abs(drawn.count("duplicate") - 3000) < 200
    assert abs(drawn.count("rollback") - 2000) < 200


def test_the_page_sets_pace_and_faults(client: Client, platform_key: str) -> None:
    assert client.get("/sandbox/").status_code == 200
    fault_free = dict.fromkeys(("duplicate", "dropped_reply", "reorder", "rollback", "late_bet", "conflict"), 0)
    settings = {"is_running": "on", "rounds_per_second": "12.5", **fault_free, "duplicate": 40}
    assert client.post("/sandbox/simulator", settings).status_code == 302
    control = SimulatorControl.current()
    assert (str(control.rounds_per_second), control.duplicate, control.rollback) == ("12.50", 40, 0)
    refused = client.post("/sandbox/simulator", {**settings, "rollback": 61})
    assert (refused.status_code, "add up to more than 100" in refused.content.decode()) == (400, True)
    assert SimulatorControl.current().rollback == 0
    assert [row["vendor"] for row in client.get("/sandbox/simulator/figures").json()["vendors"]] == list(SPEAKERS)
