"""The projections against the ledger that they are made of."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.core import clock
from apps.integrations.exchange_log import flush
from apps.providers.models import Round, RtpVariant
from apps.providers.rounds import close_round
from apps.reporting.following import follow_ledger, rebuild
from apps.reporting.models import GameDay, RtpDay
from apps.reporting.rtp_measuring import declared_of, measured_cells, total
from tests.contracts.family import Vendor
from tests.factories.games import make_game, make_player
from tests.factories.integrations import connect_game_vendor
from tests.providers.table import EURO, GAME, play, seated

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def vendor() -> Vendor:
    integration = connect_game_vendor("caleta")
    game = make_game()
    RtpVariant.objects.create(game=game, code="rtp-9600", rtp_basis_points=9600, is_default=True)
    return seated(make_player(cash="1000"), integration, game)


def followed() -> int:
    """Follow to the end: the log's thread may have a transaction open, before which no reader goes on."""
    assert flush(10)
    return follow_ledger()


def win(vendor: Vendor, bet: str, euros: int, round_ref: str, **fields: Any) -> str:
    assert vendor.win(bet, euros * 100_000, round=round_ref, **GAME, **fields)["status"] == "RS_OK"
    return str(vendor.sent[-1]["transaction_uuid"])


def money() -> dict[str, int]:
    row = GameDay.objects.get()
    names = ("bets", "staked", "returned", "won", "won_back", "rounds", "winning_rounds")
    return {name: getattr(row, name) for name in names}


def cells() -> dict[str, tuple[int, int]]:
    rows = RtpDay.objects.filter(rounds__gt=0).values_list("band", "rounds", "returned_ppm")
    return {band: (rounds, int(ppm)) for band, rounds, ppm in rows}


def test_a_day_of_play_is_summed_by_game(vendor: Vendor) -> None:
    win(vendor, play(vendor, 5, "r-1"), 3, "r-1", round_closed=True)
    win(vendor, play(vendor, 2, "r-2"), 0, "r-2", round_closed=True)
    vendor.rollback(play(vendor, 20, "r-3"), round="r-3", **GAME)
    assert followed() == 6
    assert money() == {
        "bets": 3, "staked": 27 * EURO, "returned": 20 * EURO, "won": 3 * EURO, "won_back": 0, "rounds": 2,
        "winning_rounds": 1,
    }  # fmt: skip
    assert cells() == {"middle": (2, 600_000)}


def test_a_round_that_grows_over_many_looks_is_counted_once_and_in_its_last_band(vendor: Vendor) -> None:
    first = play(vendor, 5, "r-1")
    followed()
    assert cells() == {"middle": (1, 0)}
    second = play(vendor, 15, "r-1")
    followed()
    assert cells() == {"high": (1, 0)}
    win(vendor, first, 10, "r-1")
    win(vendor, second, 30, "r-1", round_closed=True)
    followed()
    assert cells() == {"high": (1, 2_000_000)}
    assert money()["rounds"] == 1


def test_a_rolled_back_round_disappears_again(vendor: Vendor) -> None:
    bet = play(vendor, 5, "r-1")
    followed()
    vendor.rollback(bet, round="r-1", **GAME)
    followed()
    assert cells() == {}
    assert money() | {"bets": 1} == {
        "bets": 1, "staked": 5 * EURO, "returned": 5 * EURO, "won": 0, "won_back": 0, "rounds": 0, "winning_rounds": 0,
    }  # fmt: skip


def test_made_anew_the_projections_have_the_same_values(vendor: Vendor) -> None:
    for number in range(6):
        win(vendor, play(vendor, 1 + number, f"r-{number}"), number, f"r-{number}", round_closed=True)
        followed()
    vendor.rollback(play(vendor, 3, "r-x"), round="r-x", **GAME)
    followed()
    before = [
        list(GameDay.objects.values_list(*_names(GameDay))),
        list(RtpDay.objects.filter(rounds__gt=0).values_list(*_names(RtpDay))),
    ]
    assert rebuild() == 14
    after = [
        list(GameDay.objects.values_list(*_names(GameDay))),
        list(RtpDay.objects.filter(rounds__gt=0).values_list(*_names(RtpDay))),
    ]
    assert after == before
    assert followed() == 0


def test_an_open_round_is_not_judged_before_its_result_is_known(vendor: Vendor) -> None:
    win(vendor, play(vendor, 2, "r-1"), 1, "r-1", round_closed=True)
    play(vendor, 5, "r-2")
    followed()
    (declared,) = declared_of({(RtpDay.objects.values_list("game_id", flat=True)[0], 0)})
    seen = total(measured_cells(declared, since=declared.since))
    assert (declared.rtp, seen.rounds, seen.returned) == (0.96, 1, 0.5)
    maker = User.objects.create_superuser("root")
    found = Round.objects.get(external_id="r-2")
    close_round(round_id=found.pk, player_id=found.player_id, reason="the vendor lost it", actor=maker, now=clock.now())
    assert total(measured_cells(declared, since=declared.since)).rounds == 2
    assert total(measured_cells(declared, since=clock.now().date() + timedelta(days=1))).rounds == 0


def _names(model: Any) -> list[str]:
    return [each.name for each in model._meta.fields if each.name not in {"id", "changed_at"}]
