"""What the pages show: exact figures, whole stories, and a number of queries that does not grow."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.integrations.exchange_log import flush
from apps.integrations.models import Exchange, Integration
from apps.integrations.watch.incidents import acknowledge
from apps.integrations.watch.models import Incident
from apps.players.models import Player
from apps.providers.models import Game, GameSession, Round
from apps.transactions.books import record_check
from apps.transactions.models import Transaction
from tests.backoffice.conftest import Login
from tests.contracts.family import Vendor
from tests.factories.games import make_player
from tests.factories.integrations import make_brand
from tests.harness.queries import statements_of
from tests.providers.table import GAME, seated

LISTS = {
    "players_player": "",
    "providers_round": "",
    "providers_gamesession": "",
    "providers_game": "",
    "transactions_transaction": "",
    "transactions_account": "?owner=player",
    "integrations_exchange": "",
    "integrations_credential": "",
    "players_loginattempt": "",
    "wallets_adjustment": "",
}


def play_more(player: Player, caleta: Integration, game: Game) -> None:
    """Two more players, six more rounds."""
    for name in ("bo", "cy"):
        other = seated(make_player(name, cash="50"), caleta, game)
        for number in range(3):
            other.bet(100_000, round=f"{name}-{number}", **GAME)
            other.win(other.sent[-1]["transaction_uuid"], 50_000, round=f"{name}-{number}", **GAME)
    assert flush(10)


def test_lists_ask_the_same_number_of_queries_for_more_rows(
    played: Vendor, player: Player, caleta: Integration, game: Game, login: Login
) -> None:
    client = login("auditor")
    addresses = {name: reverse(f"admin:{name}_changelist") + query for name, query in LISTS.items()}
    client.get("/admin/")
    before = {name: len(statements_of(client, address)) for name, address in addresses.items()}
    play_more(player, caleta, game)
    after = {name: len(statements_of(client, address)) for name, address in addresses.items()}
    assert after == before
    assert max(after.values()) <= 14, after


def test_a_players_page_takes_few_queries_however_much_was_played(played: Vendor, player: Player, login: Login) -> None:
    client = login("auditor")
    page = reverse("admin:players_player_change", args=[player.pk])
    client.get(page)
    names = ("overview", "transactions", "rounds", "games", "sessions", "logins", "history")
    before = {name: len(statements_of(client, f"{page}?tab={name}")) for name in names}
    for number in range(8):
        played.bet(100_000, round=f"more-{number}", **GAME)
    after = {name: len(statements_of(client, f"{page}?tab={name}")) for name in names}
    assert after == before
    # Four of them are the session, the person, their permissions and their brands.
    assert max(after.values()) <= 15, after


def trace(client: Client, identifier: object) -> Any:
    reply = client.get(reverse("backoffice:trace"), {"id": str(identifier)})
    assert reply.status_code == 200
    return reply.context["trace"]


def test_a_trace_tells_a_round_from_launch_to_outcome(played: Vendor, player: Player, login: Login) -> None:
    client = login("auditor")
    bet, win = played.sent[0], played.sent[1]
    found = trace(client, bet["transaction_uuid"])
    assert found.round.external_id == "r-1"
    assert [(step.kind, step.title, step.outcome) for step in found.steps] == [
        ("player", "astrid launches Dragon Rising", ""),
        ("inbound", "caleta asks: bet", "applied"),
        ("inbound", "caleta asks: win", "applied"),
    ]
    staked, won = found.steps[1], found.steps[2]
    assert [(each.out_of, each.into[:13], each.amount, each.balances) for each in staked.postings] == [
        ("player's cash", "Game provider", "5.00 EUR", ("Cash now 95.00 EUR",))
    ]
    assert [(each.amount, each.balances) for each in won.postings] == [("3.00 EUR", ("Cash now 98.00 EUR",))]
    assert bet["request_uuid"] in staked.request_body
    assert '"token": "***"' in staked.request_body
    assert bet["token"] not in staked.request_body
    assert '"status": "RS_OK"' in staked.reply_body
    facts = dict(staked.facts)
    assert facts["Verified by key"].startswith("verify-inbound")
    assert facts["Answered"].startswith("HTTP 200 after ")
    transaction = Transaction.objects.get(external_id=win["transaction_uuid"])
    for other in (
        "r-1",
        win["transaction_uuid"],
        bet["request_uuid"],
        transaction.pk,
        transaction.request_id,
        found.round.pk,
    ):
        assert [step.title for step in trace(client, other).steps] == [step.title for step in found.steps], other
    page = client.get(reverse("backoffice:trace"), {"id": "r-1"}).content.decode()
    assert bet["token"] not in page
    round_page = client.get(reverse("admin:providers_round_change", args=[found.round.pk])).content.decode()
    assert "caleta asks: win" in round_page


def test_a_trace_shows_refusals_and_rollbacks(played: Vendor, login: Login) -> None:
    client = login("auditor")
    refused = trace(client, played.sent[4]["transaction_uuid"])
    assert [(step.title, step.outcome, step.postings) for step in refused.steps][-1] == (
        "caleta asks: bet", "insufficient_funds", [],
    )  # fmt: skip
    rolled_back = trace(client, "r-2")
    assert [step.title for step in rolled_back.steps][1:] == ["caleta asks: bet", "caleta asks: rollback"]


def test_a_trace_shows_a_tombstone(played: Vendor, login: Login) -> None:
    played.rollback("never-seen", round="r-8", **GAME)
    assert flush(10)
    steps = trace(login("auditor"), "never-seen").steps
    assert any(step.title == "Tombstone for never-seen" for step in steps)


def test_a_trace_finds_players_and_sessions(played: Vendor, player: Player, login: Login) -> None:
    client = login("auditor")
    assert [each.username for each in trace(client, "ASTRID").players] == ["astrid"]
    assert [each.username for each in trace(client, player.public_id).players] == ["astrid"]
    session = GameSession.objects.get()
    assert trace(client, session.public_id).steps[0].title == "astrid launches Dragon Rising"


@pytest.mark.parametrize("text", ["", "  ", "no-such-id", "9" * 40, "²", "x" * 5000, "%", "' OR 1=1", "-1"])
def test_a_trace_of_nonsense_finds_nothing(played: Vendor, login: Login, text: str) -> None:
    assert trace(login("auditor"), text).is_empty


def test_bodies_are_for_those_who_may_see_exchanges(played: Vendor, login: Login) -> None:
    support = login("support")
    found = trace(support, "r-1")
    assert len(found.steps) == 3
    assert all(step.request_body == "" and step.reply_body == "" for step in found.steps)
    exchange = Exchange.objects.first()
    assert exchange is not None
    assert support.get(reverse("admin:integrations_exchange_change", args=[exchange.pk])).status_code == 403
    assert login("kyc_agent").get(reverse("backoffice:trace")).status_code == 403


def test_home_counts_bets_ggr_and_players(
    played: Vendor, player: Player, caleta: Integration, game: Game, login: Login
) -> None:
    other = seated(make_player("bo", brand=make_brand(), cash="50"), caleta, game)
    other.bet(1_000_000, round="bo-1", **GAME)
    assert flush(10)
    found = login("game_ops").get(reverse("backoffice:live")).json()
    play = found["play"]
    assert play["today"] == [
        {"currency": "EUR", "bets": 3, "staked": "17.00 EUR", "ggr": "12.00 EUR", "margin": "70.59 %"}
    ]
    assert (sum(play["bets"]), play["bets_today"], play["active_players"]) == (3, 3, 2)
    assert sum(play["ggr"]) == pytest.approx(12.0)
    assert len(play["minutes"]) == len(play["bets"]) == 60
    vendor = found["vendors"][0]
    assert (vendor["slug"], vendor["requests"], vendor["success"]) == ("caleta", 6, 100.0)
    assert vendor["p50"] > 0


def test_home_counts_only_ones_own_brands(played: Vendor, login: Login) -> None:
    found = login("game_ops", scoped=False).get(reverse("backoffice:live")).json()
    assert (found["play"]["bets_today"], found["play"]["active_players"], found["vendors"]) == (0, 0, [])


def test_home_tells_figures_to_those_who_may_see_them(played: Vendor, login: Login) -> None:
    assert set(login("support").get(reverse("backoffice:live")).json()) == {"at", "attention"}


def test_finished_minutes_are_counted_once(played: Vendor, login: Login) -> None:
    client = login("game_ops")
    client.get(reverse("backoffice:live"))
    assert len(statements_of(client, reverse("backoffice:live"))) <= 16


def test_the_books_page_shows_the_last_proof_and_every_balance(played: Vendor, login: Login) -> None:
    client = login("auditor")
    empty = client.get(reverse("backoffice:books")).content.decode()
    assert "not been proven yet" in empty
    record_check(full=True, now=clock.now())
    page = client.get(reverse("backoffice:books"))
    assert "Every invariant holds" in page.content.decode()
    balances = {(each["account"].kind, each["balance"]) for each in page.context["accounts"]}
    assert balances == {("test_funding", -100_000_000), ("provider", 2_000_000)}
    assert [(each["currency"], each["cash"]) for each in page.context["player_sums"]] == [("EUR", 98_000_000)]


def test_players_are_found_by_name_address_and_id(player: Player, login: Login) -> None:
    client = login("support")
    address = reverse("admin:players_player_changelist")
    for text, found in (
        ("astr", 1), ("ASTRID@example.com", 1), (str(player.public_id), 1), ("example.com", 0), ("Berg", 0), ("zoe", 0),
    ):  # fmt: skip
        reply = client.get(address, {"q": text})
        assert len(reply.context["cl"].result_list) == found, text
    page = client.get(address).content.decode()
    assert "astrid@example.com" not in page


def test_empty_lists_say_what_to_do(login: Login, brand: Any) -> None:
    client = login("auditor")
    assert "proposed on a player" in client.get(reverse("admin:wallets_adjustment_changelist")).content.decode()
    assert "longer time" in client.get(reverse("admin:integrations_exchange_changelist")).content.decode()


def test_rounds_are_listed_with_their_names(played: Vendor, login: Login) -> None:
    page = login("auditor").get(reverse("admin:providers_round_changelist")).content.decode()
    for text in ("Dragon Rising", "caleta", "astrid", "5.00 EUR", "3.00 EUR"):
        assert text in page
    assert Round.objects.count() == 2


def test_a_vendor_that_falls_short_needs_attention_until_somebody_looks_after_it(
    played: Vendor, caleta: Integration, login: Login
) -> None:
    opened = Incident.objects.create(
        integration=caleta, rule="success-rate", severity="critical", summary="91.00 % of 200 calls ended as meant.",
        evidence={"by_class": {"success": 182, "error": 18}, "kids": []}, opened_at=clock.now(), seen_at=clock.now(),
    )  # fmt: skip
    client = login("game_ops")
    page = reverse("admin:integrations_incident_change", args=[opened.pk])

    def waiting() -> list[str]:
        return [each["url"] for each in client.get(reverse("backoffice:live")).json()["attention"]]

    assert page in waiting()
    assert "<dt>by class</dt><dd>error: 18, success: 182</dd></dl>" in client.get(page).content.decode()
    acknowledge(incident_id=opened.pk, note="on it", actor=User.objects.get(username="game_ops"), now=clock.now())
    assert page not in waiting()
