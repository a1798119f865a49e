"""Game providers: our rounds of a day beside their own report; and our own books."""

from datetime import timedelta

import pytest
from django.db import connection

from apps.core import clock
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.reconciliation.models import Run, RunItem, Scope
from tests.contracts.family import Vendor
from tests.factories.games import make_game, make_player
from tests.factories.integrations import connect_game_vendor, make_brand
from tests.providers.table import EURO, GAME, play, seated
from tests.reconciliation.scene import bring, reconcile

pytestmark = pytest.mark.django_db

HEADER = "day,game_code,currency,round_id,staked,won,refunded\n"


@pytest.fixture
def caleta() -> Integration:
    make_brand()
    found = connect_game_vendor("caleta")
    found.options = found.options | {"reconciliation": {"game_report": True}}
    found.save(update_fields=["options"])
    return found


@pytest.fixture
def player(caleta: Integration) -> Player:
    return make_player(cash="100")


@pytest.fixture
def vendor(player: Player, caleta: Integration) -> Vendor:
    return seated(player, caleta, make_game())


def compared(caleta: Integration, report: str = "", days: int = 0) -> list[tuple[str, str, int, int]]:
    now = clock.now() + timedelta(days=days)
    if report:
        imported = bring(caleta, (HEADER + report).encode(), "game_report")
        assert imported.state == "loaded", imported.error
    run = reconcile(caleta, now.date(), scope=Scope.GAMES, now=now + timedelta(minutes=1))
    return list(RunItem.objects.filter(run=run).values_list("kind", "subject", "expected_units", "found_units"))


def test_rounds_are_compared_one_by_one(vendor: Vendor, caleta: Integration) -> None:
    day = clock.now().date()
    bet = play(vendor, 5, "r-1")
    vendor.win(bet, 300_000, round="r-1", round_closed=True, **GAME)
    play(vendor, 2, "r-2")
    play(vendor, 1, "r-3")
    rows = (("r-1", "5.00", "3.00"), ("r-2", "2.50", "0"), ("r-9", "4.00", "1.00"))
    report = "".join(f"{day},clt_dragonrising,EUR,{name},{staked},{won},0\n" for name, staked, won in rows)
    assert compared(caleta, report) == [
        ("amount", "round:clt_dragonrising:r-2:EUR", 2 * EURO, 2_500_000),
        ("missing_psp", "round:clt_dragonrising:r-3:EUR", EURO, 0),
        ("missing_internal", "round:clt_dragonrising:r-9:EUR", 0, 3 * EURO),
    ]


def test_totals_are_enough_where_a_report_names_no_rounds(vendor: Vendor, caleta: Integration) -> None:
    day = clock.now().date()
    play(vendor, 5, "r-1")
    play(vendor, 2, "r-2")
    text = f"day,game_code,currency,rounds,staked,won\n{day},clt_dragonrising,EUR,2,7.00,0\n"
    bring(caleta, text.encode(), "game_report")
    assert compared(caleta) == []


def test_a_report_that_did_not_come_is_missed_and_an_open_round_is_told(vendor: Vendor, caleta: Integration) -> None:
    play(vendor, 5, "r-1")
    day = clock.now().date()
    assert compared(caleta) == [("missing_psp", f"report:{day}:EUR", 5 * EURO, 0)]
    ((kind, subject, expected, _),) = compared(caleta, days=2)
    assert (kind, subject.split(":")[:3], expected) == ("status", ["open-round", "clt_dragonrising", "r-1"], 5 * EURO)


def test_a_report_with_bad_lines_says_which(caleta: Integration) -> None:
    imported = bring(caleta, f"{HEADER}yesterday,g,EUR,r,1,0,0\n2026-11-20,g,EUR,r,-1,0,0\n".encode(), "game_report")
    assert imported.state == "failed"
    found = [(issue.line, issue.column, issue.problem) for issue in imported.issues.all()]
    assert found == [(2, "day", "is not a date like 2026-11-25"), (3, "staked", "is below zero")]


def test_our_own_books_are_proven_and_a_tampered_row_is_a_break(player: Player) -> None:
    day = clock.now().date()
    sound = reconcile(None, day, scope=Scope.INTERNAL, now=clock.now())
    assert (sound.state, sound.break_count) == (Run.State.FINISHED, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE transactions_account SET balance = balance + 1 WHERE player_id = %s AND kind = 'cash'", [player.pk]
        )
    broken = reconcile(None, day, scope=Scope.INTERNAL, now=clock.now())
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE transactions_account SET balance = balance - 1 WHERE player_id = %s AND kind = 'cash'", [player.pk]
        )
    assert broken.break_count > 0
    assert set(RunItem.objects.filter(run=broken).values_list("kind", flat=True)) == {"books"}
