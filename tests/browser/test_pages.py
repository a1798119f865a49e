"""Every page that staff open, in Chromium: its scripts run and nothing sticks out, wide and narrow, light and dark."""

import pytest
from playwright.sync_api import expect

from apps.integrations.models import Exchange
from apps.players.models import Player
from apps.providers.models import Game, Round
from apps.transactions.models import Transaction
from tests.browser.conftest import Shot, Staff, assert_fits
from tests.harness.live import LivePlatform

pytestmark = pytest.mark.browser

LISTS = (
    "players/player", "providers/round", "providers/gamesession", "players/statuschange",
    "players/loginattempt", "transactions/transaction", "transactions/account", "integrations/exchange",
    "integrations/integration", "integrations/credential", "integrations/integrationevent", "providers/game",
    "providers/studio", "providers/gamecertificate", "providers/brandgame", "brands/brand", "brands/market",
    "brands/jurisdiction", "brands/currency", "auth/user", "auth/group", "brands/staffscope", "admin/logentry",
    "backoffice/personaldataread",
)  # fmt: skip


def test_every_list_fits_its_window(staff: Staff, shot: Shot) -> None:
    page = staff("auditor")
    for name in LISTS:
        page.goto(f"/admin/{name}/")
        assert_fits(page)
        shot(page, f"list-{name.replace('/', '-')}", full=False)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_home_shows_live_figures(staff: Staff, shot: Shot, *, dark: bool) -> None:
    page = staff("auditor", dark=dark)
    expect(page.locator("#home")).to_have_attribute("data-ready", "1")
    expect(page.locator("#bets-today")).not_to_have_text("–")
    expect(page.locator("#vendors")).to_contain_text("hub88")
    expect(page.locator("#today")).to_contain_text("EUR")
    assert_fits(page)
    shot(page, f"home-{'dark' if dark else 'light'}")


def test_the_main_pages_fit_wide_and_narrow(staff: Staff, shot: Shot, platform: LivePlatform) -> None:
    with platform.in_database():
        played = Round.objects.filter(wins__gt=0).order_by("-pk").first() or Round.objects.order_by("-pk").first()
        assert played is not None
        transaction = Transaction.objects.filter(kind="bet").order_by("-pk").first()
        exchange = Exchange.objects.filter(direction="in", transaction_id__isnull=False).order_by("-pk").first()
        assert transaction is not None
        assert exchange is not None
        player = Player.objects.get(pk=played.player_id)
        game = Game.objects.get(pk=played.game_id)
    pages = {
        "home": "/admin/",
        "trace-empty": "/admin/trace/",
        "trace-nothing": "/admin/trace/?id=no-such-id",
        "trace": f"/admin/trace/?id={transaction.external_id}",
        "trace-player": f"/admin/trace/?id={player.username}",
        "round": f"/admin/providers/round/{played.pk}/change/",
        "transaction": f"/admin/transactions/transaction/{transaction.pk}/change/",
        "exchange": f"/admin/integrations/exchange/{exchange.pk}/change/",
        "integration": f"/admin/integrations/integration/{exchange.integration_id}/change/",
        "game": f"/admin/providers/game/{game.pk}/change/",
        "books": "/admin/books/",
        **{
            f"player-{tab}": f"/admin/players/player/{player.pk}/change/?tab={tab}"
            for tab in ("overview", "transactions", "rounds", "games", "sessions", "logins", "history")
        },
    }
    for width in (1440, 420):
        page = staff("auditor", width=width)
        for name, address in pages.items():
            reply = page.goto(address)
            assert reply is not None
            assert reply.status == 200, address
            assert_fits(page)
            shot(page, f"{name}-{width}")
