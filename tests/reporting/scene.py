"""A provider with a contract, and rounds that a player plays there: what the tests of invoices stand on."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from apps.core import clock
from apps.integrations.exchange_log import flush
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import Game
from apps.reporting.invoicing.contract_versions import add_contract_version
from apps.reporting.invoicing.drawing import draw_invoice
from apps.reporting.invoicing.months import first_of_month, next_month
from apps.reporting.models import Invoice, ProviderContract
from tests.contracts.family import Vendor
from tests.factories.integrations import make_brand
from tests.factories.staff import make_staff
from tests.providers.table import GAME, play, seated

CLERK = ("reporting.draw_invoice", "reporting.check_invoice", "reporting.approve_invoice", "reporting.view_invoice")
TERMS: dict[str, Any] = {"supplier": "Tidewater Ltd", "basis": "ggr", "rates": [{"percent": "10"}]}


def agreed(integration: Integration, **terms: Any) -> ProviderContract:
    """Terms that are in force without two people: 10 % of GGR, unless told otherwise."""
    return add_contract_version(
        integration_id=integration.pk, terms=TERMS | terms, valid_from=this_month(), maker=None, checker=None,
        now=clock.now(),
    )  # fmt: skip


def win(vendor: Vendor, bet: str, euros: int, round_ref: str, **fields: Any) -> str:
    """Pay whole euros on a bet."""
    assert vendor.win(bet, euros * 100_000, round=round_ref, **GAME, **fields)["status"] == "RS_OK"
    return str(vendor.sent[-1]["transaction_uuid"])


def one_round(vendor: Vendor, stake: int, won: int, round_ref: str) -> None:
    """A whole round."""
    win(vendor, play(vendor, stake, round_ref), won, round_ref, round_closed=True)


def sits_down(vendor: Vendor) -> None:
    """Open a new session: that of last month has expired, and takes no bets any more."""
    player, game = Player.objects.get(public_id=vendor.user), Game.objects.get(code=GAME["game_code"])
    vendor.token = seated(player, Integration.objects.get(vendor=vendor.name), game).token


def this_month() -> date:
    """The month that runs, UTC."""
    return first_of_month(clock.now().date())


def month_goes_by() -> date:
    """Move the clock some days into the next month; returns the month that is over."""
    over = this_month()
    after = next_month(over)
    target = datetime(after.year, after.month, 4, 12, tzinfo=UTC)
    clock.advance((target - clock.now()) / timedelta(seconds=1))
    return over


def drawn(integration: Integration, month: date, **terms: Any) -> Invoice:
    """Draw a month up; the log's thread may have a transaction open, before which no reader goes on."""
    assert flush(10)
    terms = {"actor": None, "now": clock.now()} | terms
    return draw_invoice(integration_id=integration.pk, month=month, **terms)


def lines(invoice: Invoice) -> dict[str, float]:
    """What each line comes to, in euro."""
    return {line.key: line.amount_units / 1_000_000 for line in invoice.lines.all()}


def clerk(name: str) -> User:
    """Somebody who may draw up, check and approve invoices."""
    return make_staff(name, *CLERK, brands=(make_brand(),))
