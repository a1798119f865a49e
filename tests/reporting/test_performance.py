"""The pages of performance, contracts, invoices and reports: what they show, whom, and what they cost."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.brands.models import Brand
from apps.compliance.approvals import decide_approval
from apps.compliance.models import ApprovalRequest
from apps.core import clock
from apps.integrations.models import Integration
from apps.providers.models import Game, RtpVariant
from apps.reconciliation.files import chunks_of
from apps.reporting.invoicing.contract_versions import contract_in_force, values_of
from apps.reporting.models import CallDay, GameDay, ProviderContract, ReportExport, RtpDay
from apps.reporting.performance import Asked, by_day, listed, total
from apps.reporting.report_exports import make_export
from tests.factories.games import make_game
from tests.factories.integrations import connect_game_vendor, make_brand
from tests.factories.staff import make_staff
from tests.harness.queries import statements_of
from tests.providers.table import EURO

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 20)
LOOKER = ("reporting.view_gameday", "reporting.request_reportexport", "reporting.view_reportexport")


@pytest.fixture
def brand() -> Brand:
    return make_brand()


@pytest.fixture
def caleta(brand: Brand) -> Integration:
    return connect_game_vendor("caleta")


def game_called(title: str, **fields: Any) -> Game:
    game = make_game(title.lower().replace(" ", "_"), title=title, **fields)
    RtpVariant.objects.create(game=game, code="rtp-9600", rtp_basis_points=9600, is_default=True, deviation="1.8")
    return game


def day_of(
    game: Game, of: Integration, *, staked: int, won: int, day: date = DAY, currency: str = "EUR", **more: Any
) -> None:
    """Enter what following the ledger would; whole units."""
    brand = more.pop("brand", None) or make_brand()
    values = {"bets": 10, "rounds": 10, "winning_rounds": 3} | more
    GameDay.objects.create(
        day=day, brand_id=brand.pk, integration_id=of.pk, game_id=game.pk, currency=currency, staked=staked * EURO,
        won=won * EURO, **values,
    )  # fmt: skip


def opened(client: Client, **query: Any) -> Any:
    reply = client.get(reverse("admin:reporting_performance"), query)
    assert reply.status_code == 200
    return reply


def logged_in(*permissions: str, brands: tuple[Brand, ...] = (), name: str = "ops") -> Client:
    client = Client()
    client.force_login(make_staff(name, *permissions, brands=brands))
    return client


OWN = {"period": "own", "since": DAY.isoformat(), "until": DAY.isoformat()}


def test_sums_are_by_currency_and_beside_the_time_before(brand: Brand, caleta: Integration) -> None:
    game = game_called("Dragon Rising")
    day_of(game, caleta, staked=100, won=60, returned=20 * EURO)
    day_of(game, caleta, staked=1000, won=1200, currency="SEK")
    day_of(game, caleta, staked=50, won=20, day=DAY - timedelta(days=1))
    day_of(game, caleta, staked=999, won=1, day=DAY - timedelta(days=2))
    asked = Asked(DAY, DAY)
    rows = {row.currency: row for row in listed(asked, limit=9, offset=0).rows}
    euro, krona = rows["EUR"], rows["SEK"]
    assert (euro.sums.turnover, euro.sums.wins, euro.sums.ggr) == (80 * EURO, 60 * EURO, 20 * EURO)
    assert (euro.sums.rtp, euro.sums.hit_rate, euro.sums.average_stake) == (0.75, 0.3, 8 * EURO)
    assert (euro.before.ggr, euro.change, krona.sums.ggr) == (30 * EURO, -10 * EURO, -200 * EURO)
    assert total(by_day(asked)["EUR"], DAY, DAY) == euro.sums
    page = opened(logged_in(*LOOKER, brands=(brand,)), **OWN).text
    assert "80.00 EUR" in page
    assert "-200.00 SEK" in page
    assert "GGR, change" in page
    assert "75.00 %" in page


def test_the_list_is_sorted_by_any_column_and_filtered(brand: Brand, caleta: Integration) -> None:
    first, second = game_called("Alpha"), game_called("Beta", category="live")
    day_of(first, caleta, staked=100, won=90, rounds=5)
    day_of(second, caleta, staked=50, won=0, rounds=50)

    def titles(sort: str, **of: Any) -> list[str]:
        return [row.title for row in listed(Asked(DAY, DAY, **of), sort=sort, limit=9, offset=0).rows]

    assert titles("-turnover") == titles("title") == titles("-rtp") == titles("nonsense; DROP") == ["Alpha", "Beta"]
    assert titles("-ggr") == titles("-title") == titles("-rounds") == titles("turnover") == ["Beta", "Alpha"]
    assert titles("title", category="live") == titles("title", title="bet") == ["Beta"]
    assert titles("title", vendor="other") == titles("title", brand_ids=()) == titles("title", currency="SEK") == []
    client = logged_in(*LOOKER, brands=(brand,))
    for name in (
        "title",
        "vendor",
        "studio",
        "rounds",
        "turnover",
        "wins",
        "ggr",
        "change",
        "rtp",
        "hit_rate",
        "stake",
    ):
        for sort in (name, f"-{name}"):
            assert len(opened(client, o=sort, **OWN).context["rows"]) == 2


def test_a_year_of_many_games_costs_as_many_queries_as_one_game(brand: Brand, caleta: Integration) -> None:
    client = logged_in(*LOOKER, "providers.view_round", brands=(brand,))
    game = game_called("Alpha")
    day_of(game, caleta, staked=100, won=90)
    RtpDay.objects.create(
        day=DAY, game_id=game.pk, variant_id=0, band="low", channel="mobile", brand_id=brand.pk, rounds=50_000,
        returned_ppm=50_000 * 1_100_000, returned_ppm_squares=50_000 * 4_000_000_000_000, changed_at=clock.now(),
    )  # fmt: skip
    address = reverse("admin:reporting_performance") + f"?period=own&since={DAY - timedelta(days=300)}&until={DAY}"
    of_game = reverse("admin:reporting_performance_game", args=[game.pk]) + f"?period=own&since={DAY}&until={DAY}"
    client.get(address)
    few, few_of_game = len(statements_of(client, address)), len(statements_of(client, of_game))
    for number in range(12):
        other = game_called(f"Game {number}")
        for days in range(20):
            day_of(other, caleta, staked=100 + number, won=90, day=DAY - timedelta(days=15 * days))
    day_of(game, caleta, staked=1, won=0, currency="SEK")
    assert len(statements_of(client, address)) == few
    assert len(statements_of(client, of_game)) == few_of_game
    # Five of them are the session, the person, their permissions and their brands.
    assert (few, few_of_game) <= (22, 24)
    page = client.get(address).context
    assert page["count"] == 14
    alpha = next(each for each in page["rows"] if each.row.title == "Alpha")
    assert alpha.is_outside
    assert alpha.expected.startswith("96.00 % ± ")


def test_pages_are_for_those_who_may_and_hold_only_their_brands(brand: Brand, caleta: Integration) -> None:
    other = make_brand("nordlys")
    game = game_called("Alpha")
    day_of(game, caleta, staked=100, won=90)
    day_of(game, caleta, staked=7, won=0, brand=other)
    CallDay.objects.create(day=DAY, integration_id=caleta.pk, calls=100, refused=5, failed=1)
    assert logged_in(name="none").get(reverse("admin:reporting_performance")).status_code == 403
    ours = logged_in(*LOOKER, brands=(other,), name="north")
    assert [each.cells[1] for each in opened(ours, **OWN).context["rows"]] == ["7.00"]
    assert opened(ours, **OWN).context["vendors"] == []
    theirs = logged_in(*LOOKER, brands=(brand,), name="south")
    assert opened(theirs, **OWN).context["vendors"][0]["failed_share"] == "1.00 %"
    # A brand that one does not serve can not be asked for.
    asked = opened(ours, brand=str(brand.pk), **OWN)
    assert "Select a valid choice" in asked.text
    assert opened(ours, period="today").context["rows"] == []
    assert 'data-test="empty"' in opened(ours, period="today").text
    assert ours.get(reverse("admin:reporting_performance_game", args=[10**6])).status_code == 404


def written(client: Client, address: str, **terms: Any) -> tuple[ReportExport, str]:
    assert client.post(address, terms).status_code == 302
    made = make_export(export_id=ReportExport.objects.latest("pk").pk, now=clock.now())
    assert made.file is not None
    return made, b"".join(chunks_of(made.file)).decode("utf-8", "replace")


def test_performance_is_exported_as_asked_with_formulae_escaped(brand: Brand, caleta: Integration) -> None:
    day_of(game_called("=Evil()"), caleta, staked=100, won=60)
    day_of(game_called("Beta"), caleta, staked=5, won=1, day=DAY - timedelta(days=1))
    client = logged_in(*LOOKER, brands=(brand,))
    query = "period=own&since=2026-03-20&until=2026-03-20"
    made, text = written(client, reverse("admin:reporting_performance"), query=query, format="csv")
    rows = text.splitlines()
    assert made.rows == 2
    assert "'=Evil(),EUR,10,10,100.00,60.00,40.00,60.00,30.00,0,0.00,0.00" in rows[1]
    again, _ = written(client, reverse("admin:reporting_performance"), query=query, format="csv")
    assert again.file_id == made.file_id
    book, _ = written(client, reverse("admin:reporting_performance"), query=query, format="xlsx")
    assert book.state == "ready"
    reply = client.get(reverse("admin:reporting_reportexport_download", args=[made.pk]))
    assert reply["X-Content-SHA256"] == made.file.sha256 if made.file else None
    stranger = logged_in(*LOOKER, brands=(make_brand("nordlys"),), name="north")
    assert stranger.get(reverse("admin:reporting_reportexport_download", args=[made.pk])).status_code == 404


PROPOSER, APPROVER = "reporting.propose_providercontract", "reporting.approve_providercontract"


def press(client: Client, address: str, **terms: Any) -> list[str]:
    return [str(message) for message in client.post(address, terms, follow=True).context["messages"]]


def test_terms_are_proposed_by_one_and_approved_by_another(brand: Brand, caleta: Integration) -> None:
    client = logged_in(PROPOSER, "reporting.view_providercontract", brands=(brand,))
    terms = {
        "supplier": "Tidewater Ltd", "basis": "ngr", "tier_mode": "whole", "bonus_percent": "50",
        "rates": [
            {"currency": "EUR", "percent": "12"}, {"currency": "EUR", "from": "100000", "percent": "10.5"},
            {"category": "live", "percent": "14"},
        ],
    }  # fmt: skip
    address = reverse("admin:reporting_providercontract_do")
    asked = {"integration": caleta.pk, "valid_from": "2027-01-01", "reason": "new partner"}
    refused = press(
        client, address, **asked, terms=json.dumps(terms | {"rates": [{"category": "live", "percent": "1"}]})
    )
    assert refused == ["Terms: rates: there has to be one for all games, for those that are in no other group."]
    mid_month = press(client, address, **asked | {"valid_from": "2027-01-08"}, terms=json.dumps(terms))
    assert mid_month == ["Terms begin and end with a month: name its first day."]
    assert not ApprovalRequest.objects.exists()
    assert "Asked" in press(client, address, **asked, terms=json.dumps(terms))[0]
    request = ApprovalRequest.objects.get()
    assert "all games: 10.5 % of NGR from 100000 EUR." in request.summary
    boss = make_staff("boss", APPROVER, brands=(brand,))
    decide_approval(request_id=request.pk, checker=boss, approve=True, reason="ok", now=clock.now())
    made = ProviderContract.objects.get()
    assert (made.added_by, made.approved_by, made.version) == (User.objects.get(username="ops"), boss, 1)
    assert contract_in_force(caleta.pk, date(2026, 12, 1)) is None
    assert contract_in_force(caleta.pk, date(2028, 5, 1)) == made
    groups = {(each.scope, each.currency): len(each.tiers) for each in values_of(made).groups}
    assert groups == {("all", "EUR"): 2, ("category:live", ""): 1}
    page = client.get(reverse("admin:reporting_providercontract_change", args=[made.pk])).text
    assert "100,000.00 EUR" in page
    assert "10.5 %" in page


def test_the_lists_say_what_to_do_when_there_is_nothing(brand: Brand) -> None:
    client = logged_in(
        "reporting.view_invoice", "reporting.view_providercontract", "reporting.view_monthrate",
        "reporting.view_reportexport", "reporting.enter_monthrate", brands=(brand,),
    )  # fmt: skip
    for model, words in (
        ("invoice", "Nothing was drawn up yet"), ("providercontract", "No terms were entered"),
        ("monthrate", "No rate was stated"), ("reportexport", "Nothing was exported yet"),
    ):  # fmt: skip
        assert words in client.get(reverse(f"admin:reporting_{model}_changelist")).text
    rate = {"month": "2026-03-14", "base": "SEK", "quote": "EUR", "rate": "0.0876", "source": "ECB reference rate"}
    assert press(client, reverse("admin:reporting_monthrate_do"), **rate) == ["Stated: SEK/EUR 2026-03."]
    assert "above zero" in press(client, reverse("admin:reporting_monthrate_do"), **rate | {"rate": "0"})[0]
