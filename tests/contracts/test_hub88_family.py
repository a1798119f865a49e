"""Hub88 and Caleta, verb by verb, as the reference (sections 1, 2 and 11) and the public suite say."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from apps.integrations.models import Integration
from apps.players.models import Player
from tests.contracts.family import UNIT, Vendor
from tests.factories.integrations import connect_game_vendor

MakeVendor = Callable[[str], Vendor]


def ok(vendor: Vendor, reply: dict[str, object], main_units: float) -> None:
    """Assert success and the balance, to the last unit."""
    assert reply == {
        "user": vendor.user,
        "status": "RS_OK",
        "request_uuid": vendor.sent[-1]["request_uuid"],
        "currency": vendor.currency,
        "balance": round(main_units * UNIT),
    }


def refused(vendor: Vendor, reply: dict[str, object], status: str, cash: str = "1000.00") -> None:
    """Assert the refusal, its shape in this profile, and that nothing moved."""
    assert reply["status"] == status
    if vendor.name == "caleta":
        assert set(reply) == {"status", "request_uuid"}
    assert vendor.balances()["cash"] == cash


def new_id() -> str:
    """An id no one has used."""
    return str(uuid4())


def test_balance_shows_cash_and_not_promo_money(vendor: Vendor) -> None:
    ok(vendor, vendor.call("balance"), 1000)


@pytest.mark.parametrize("amount", [100_000, 1_000, 100, 1])
def test_a_bet_is_exact_down_to_a_hundred_thousandth(vendor: Vendor, amount: int) -> None:
    ok(vendor, vendor.bet(amount), 1000 - amount / UNIT)


def test_several_bets_in_one_round_all_count(vendor: Vendor) -> None:
    round_id = new_id()
    for placed in (1, 2, 3):
        ok(vendor, vendor.bet(round=round_id), 1000 - placed)


def test_a_bet_of_everything_leaves_nothing_and_one_unit_more_is_refused(vendor: Vendor) -> None:
    refused(vendor, vendor.bet(1000 * UNIT + 1), "RS_ERROR_NOT_ENOUGH_MONEY")
    ok(vendor, vendor.bet(1000 * UNIT), 0)


def test_hub88_gets_the_balance_with_not_enough_money(vendor_named: MakeVendor) -> None:
    vendor = vendor_named("hub88")
    reply = vendor.bet(2000 * UNIT)
    assert (reply["status"], reply["balance"]) == ("RS_ERROR_NOT_ENOUGH_MONEY", 1000 * UNIT)


def test_a_repeated_bet_gets_the_same_answer_and_has_one_effect(vendor: Vendor) -> None:
    again: dict[str, Any] = {"transaction_uuid": new_id(), "round": new_id()}
    first = vendor.bet(**again)
    vendor.bet(5 * UNIT)
    assert vendor.bet(**again) | {"request_uuid": ""} == first | {"request_uuid": ""}
    assert vendor.balances()["cash"] == "994.00"


@pytest.mark.parametrize("change", [{"round": "other"}, {"amount": 2 * UNIT}, {"is_free": True}])
def test_a_known_id_with_other_terms_is_a_duplicate(vendor: Vendor, change: dict[str, object]) -> None:
    terms: dict[str, Any] = {"transaction_uuid": new_id(), "round": new_id(), "amount": UNIT}
    vendor.call("bet", **terms)
    refused(vendor, vendor.call("bet", **terms | change), "RS_ERROR_DUPLICATE_TRANSACTION", "999.00")


def test_a_known_id_of_another_player_is_a_duplicate(vendor: Vendor) -> None:
    terms: dict[str, Any] = {"transaction_uuid": new_id(), "round": new_id()}
    vendor.bet(**terms)
    vendor.sit()
    refused(vendor, vendor.bet(**terms), "RS_ERROR_DUPLICATE_TRANSACTION")


def test_a_win_that_reuses_its_bets_id_is_a_duplicate(vendor: Vendor) -> None:
    bet, round_id = new_id(), new_id()
    vendor.bet(transaction_uuid=bet, round=round_id)
    reply = vendor.win(bet, transaction_uuid=bet, round=round_id)
    refused(vendor, reply, "RS_ERROR_DUPLICATE_TRANSACTION", "999.00")


def test_a_refused_bet_stays_refused_when_money_comes_later(vendor: Vendor) -> None:
    terms: dict[str, Any] = {"transaction_uuid": new_id(), "round": new_id()}
    vendor.bet(2000 * UNIT, **terms)
    vendor.sandbox(userId=vendor.user, cashAmount=5000)
    refused(vendor, vendor.bet(2000 * UNIT, **terms), "RS_ERROR_NOT_ENOUGH_MONEY", "5000.00")


def test_a_win_is_paid_once(vendor: Vendor) -> None:
    bet, win, round_id = new_id(), new_id(), new_id()
    vendor.bet(transaction_uuid=bet, round=round_id)
    for _ in range(3):
        ok(vendor, vendor.win(bet, 2 * UNIT, transaction_uuid=win, round=round_id), 1001)


def test_a_win_without_its_bet_is_refused_and_may_be_retried_once_the_bet_is_there(vendor: Vendor) -> None:
    bet, win, round_id = new_id(), new_id(), new_id()
    terms: dict[str, Any] = {"transaction_uuid": win, "round": round_id}
    refused(vendor, vendor.win(bet, **terms), "RS_ERROR_TRANSACTION_DOES_NOT_EXIST")
    vendor.bet(transaction_uuid=bet, round=round_id)
    ok(vendor, vendor.win(bet, 3 * UNIT, **terms), 1002)


def test_a_win_of_another_players_bet_is_refused(vendor: Vendor) -> None:
    bet = new_id()
    vendor.bet(transaction_uuid=bet)
    vendor.sit()
    refused(vendor, vendor.win(bet), "RS_ERROR_TRANSACTION_DOES_NOT_EXIST")


def test_a_jackpot_is_part_of_the_win_and_never_more_than_it(vendor: Vendor) -> None:
    bet = new_id()
    vendor.bet(transaction_uuid=bet)
    refused(vendor, vendor.win(bet, UNIT, jackpot_win=UNIT + 1), "RS_ERROR_WRONG_SYNTAX", "999.00")
    ok(vendor, vendor.win(bet, 50 * UNIT, jackpot_win=40 * UNIT), 1049)


def test_a_rollback_returns_the_stake_once(vendor: Vendor) -> None:
    bet = new_id()
    vendor.bet(transaction_uuid=bet)
    ok(vendor, vendor.rollback(bet, round_closed=True), 1000)
    ok(vendor, vendor.rollback(bet, round_closed=True), 1000)


def test_a_repeated_rollback_with_its_own_id_gets_its_old_answer(vendor: Vendor) -> None:
    bet = new_id()
    terms: dict[str, Any] = {"transaction_uuid": new_id(), "round": new_id()}
    vendor.bet(transaction_uuid=bet)
    vendor.rollback(bet, **terms)
    vendor.bet(10 * UNIT)
    ok(vendor, vendor.rollback(bet, **terms), 1000)
    assert vendor.balances()["cash"] == "990.00"


def test_an_extra_ball_rolls_back_alone_and_leaves_its_round_open(vendor: Vendor) -> None:
    first, second, round_id = new_id(), new_id(), new_id()
    vendor.bet(transaction_uuid=first, round=round_id)
    vendor.bet(transaction_uuid=second, round=round_id)
    ok(vendor, vendor.rollback(first, round=round_id), 999)
    ok(vendor, vendor.win(second, round=round_id), 1000)


def test_a_rollback_of_something_unknown_is_fine_and_the_late_bet_is_refused(vendor: Vendor) -> None:
    bet = new_id()
    ok(vendor, vendor.rollback(bet), 1000)
    late = {"hub88": "RS_ERROR_TRANSACTION_ROLLED_BACK", "caleta": "RS_ERROR_DUPLICATE_TRANSACTION"}[vendor.name]
    refused(vendor, vendor.bet(transaction_uuid=bet), late)
    refused(vendor, vendor.win(bet), "RS_ERROR_TRANSACTION_ROLLED_BACK")


def test_a_win_after_the_rollback_of_its_bet_is_refused(vendor: Vendor) -> None:
    bet = new_id()
    vendor.bet(transaction_uuid=bet)
    vendor.rollback(bet)
    refused(vendor, vendor.win(bet), "RS_ERROR_TRANSACTION_ROLLED_BACK")


def test_a_rollback_may_come_under_the_id_of_its_unknown_bet(vendor: Vendor) -> None:
    bet = new_id()
    for _ in range(2):
        assert vendor.rollback(bet, transaction_uuid=bet)["status"] == "RS_OK"
    assert vendor.bet(transaction_uuid=bet)["status"] != "RS_OK"
    assert vendor.balances()["cash"] == "1000.00"


def test_a_rollback_under_the_id_of_a_known_bet_is_a_duplicate(vendor: Vendor) -> None:
    vendor.bet(transaction_uuid=(bet := new_id()))
    refused(vendor, vendor.rollback(bet, transaction_uuid=bet), "RS_ERROR_DUPLICATE_TRANSACTION", "999.00")


def test_a_bet_that_was_paid_out_is_not_rolled_back_unless_the_integration_says_so(vendor: Vendor) -> None:
    bet = new_id()
    vendor.bet(transaction_uuid=bet)
    vendor.win(bet, 5 * UNIT)
    refused(vendor, vendor.rollback(bet), "RS_ERROR_DUPLICATE_TRANSACTION", "1004.00")


def test_free_bets_spend_promo_money_only(vendor: Vendor) -> None:
    bet = new_id()
    ok(vendor, vendor.bet(4 * UNIT, is_free=True, transaction_uuid=bet), 1000)
    assert vendor.balances()["bonus"] == "6.00"
    refused(vendor, vendor.bet(6 * UNIT + 1, is_free=True), "RS_ERROR_NOT_ENOUGH_MONEY")
    ok(vendor, vendor.win(bet, 9 * UNIT, is_free=True), 1000)
    assert vendor.balances()["bonus"] == "15.00"


def test_a_rolled_back_free_bet_returns_to_promo_money(vendor: Vendor) -> None:
    bet = new_id()
    vendor.bet(4 * UNIT, is_free=True, transaction_uuid=bet)
    ok(vendor, vendor.rollback(bet, is_free=True), 1000)
    assert vendor.balances() == {"cash": "1000.00", "bonus": "10.00", "locked": "0", "restricted": "0"}


@pytest.mark.parametrize("free", [False, True])
def test_a_blocked_player_can_not_bet_but_wins_and_rollbacks_still_arrive(vendor: Vendor, *, free: bool) -> None:
    won, rolled_back = new_id(), new_id()
    vendor.bet(transaction_uuid=won)
    vendor.bet(transaction_uuid=rolled_back)
    vendor.sandbox(userId=vendor.user, isBlocked=True)
    refused(vendor, vendor.bet(is_free=free), "RS_ERROR_USER_DISABLED", "998.00")
    ok(vendor, vendor.win(won, 2 * UNIT), 1000)
    ok(vendor, vendor.rollback(rolled_back), 1001)


def test_an_expired_session_refuses_bets_only(vendor: Vendor) -> None:
    bet, other = new_id(), new_id()
    vendor.bet(transaction_uuid=bet)
    vendor.bet(transaction_uuid=other)
    Player.objects.get(public_id=vendor.user).game_sessions.update(ended_at="2026-01-01T00:00:00Z")
    refused(vendor, vendor.bet(), "RS_ERROR_TOKEN_EXPIRED", "998.00")
    ok(vendor, vendor.win(bet, 2 * UNIT), 1000)
    ok(vendor, vendor.rollback(other), 1001)


def test_a_repeated_bet_is_answered_as_before_even_when_the_session_has_ended(vendor: Vendor) -> None:
    terms: dict[str, Any] = {"transaction_uuid": new_id(), "round": new_id()}
    vendor.bet(**terms)
    Player.objects.get(public_id=vendor.user).game_sessions.update(ended_at="2026-01-01T00:00:00Z")
    ok(vendor, vendor.bet(**terms), 999)


@pytest.mark.parametrize("verb", ["bet", "win", "rollback", "balance"])
def test_an_unknown_token_is_refused(vendor: Vendor, verb: str) -> None:
    fields: dict[str, object] = {"token": "nobody-sits-here"}
    if verb in ("win", "rollback"):
        fields["reference_transaction_uuid"] = new_id()
    if verb in ("win", "bet"):
        fields["amount"] = UNIT
    refused(vendor, vendor.call(verb, **fields), "RS_ERROR_INVALID_TOKEN")


@pytest.mark.parametrize("currency", ["GBP", "schmeckles", "XXX"])
@pytest.mark.parametrize("verb", ["bet", "win"])
def test_a_currency_that_is_not_the_wallets_is_refused(vendor: Vendor, verb: str, currency: str) -> None:
    bet = new_id()
    vendor.bet(transaction_uuid=bet)
    reply = vendor.bet(currency=currency) if verb == "bet" else vendor.win(bet, currency=currency)
    refused(vendor, reply, "RS_ERROR_WRONG_CURRENCY", "999.00")


@pytest.mark.parametrize("verb", ["bet", "win"])
def test_an_unknown_game_is_refused(vendor: Vendor, verb: str) -> None:
    bet = new_id()
    vendor.bet(transaction_uuid=bet)
    reply = vendor.bet(game_code="no such") if verb == "bet" else vendor.win(bet, game_code="no such")
    refused(vendor, reply, "RS_ERROR_INVALID_GAME", "999.00")


def test_a_kill_switch_stops_bets_and_lets_open_rounds_settle(vendor: Vendor) -> None:
    bet = new_id()
    vendor.bet(transaction_uuid=bet)
    Integration.objects.filter(slug=vendor.name).update(switch="no_new_play")
    status = {"hub88": "RS_ERROR_INVALID_PARTNER", "caleta": "RS_ERROR_USER_DISABLED"}[vendor.name]
    refused(vendor, vendor.bet(), status, "999.00")
    ok(vendor, vendor.win(bet, 2 * UNIT), 1001)


def test_a_closed_round_takes_no_more_bets_but_still_takes_its_win(vendor: Vendor) -> None:
    bet, round_id = new_id(), new_id()
    vendor.bet(transaction_uuid=bet, round=round_id, round_closed=True)
    refused(vendor, vendor.bet(round=round_id), "RS_ERROR_WRONG_SYNTAX", "999.00")
    ok(vendor, vendor.win(bet, 2 * UNIT, round=round_id), 1001)


def test_a_supplier_promotion_pays_after_the_session_and_the_round_have_ended(vendor_named: MakeVendor) -> None:
    vendor = vendor_named("hub88")
    bet, round_id = new_id(), new_id()
    vendor.bet(round=round_id, round_closed=True)
    Player.objects.get(public_id=vendor.user).game_sessions.update(ended_at="2026-01-01T00:00:00Z")
    promo: dict[str, Any] = {"round": round_id, "is_supplier_promo": True}
    ok(vendor, vendor.bet(0, transaction_uuid=bet, **promo), 999)
    ok(vendor, vendor.win(bet, 7 * UNIT, **promo), 1006)


def test_check_exchanges_the_token_and_the_old_one_is_good_for_wins_only(vendor_named: MakeVendor) -> None:
    vendor = vendor_named("caleta")
    bet = new_id()
    vendor.bet(transaction_uuid=bet)
    old = vendor.token
    vendor.token = vendor.call("check")["token"]
    assert vendor.token != old
    refused(vendor, vendor.bet(token=old), "RS_ERROR_TOKEN_EXPIRED", "999.00")
    ok(vendor, vendor.win(bet, 2 * UNIT, token=old), 1001)
    ok(vendor, vendor.bet(), 1000)


def test_check_of_an_unknown_token_is_http_400(vendor_named: MakeVendor) -> None:
    reply = vendor_named("caleta").send("wallet/check", b'{"token":"nobody"}')
    assert (reply.status_code, reply.json()) == (400, {"status": "RS_ERROR_INVALID_TOKEN", "request_uuid": ""})


def test_info_tells_what_the_vendor_may_know(vendor_named: MakeVendor) -> None:
    vendor = vendor_named("hub88")
    player = Player.objects.get(public_id=vendor.user)
    reply = vendor.call("info")
    assert reply == {
        "user": vendor.user,
        "status": "RS_OK",
        "request_uuid": vendor.sent[-1]["request_uuid"],
        "country": player.country,
        "jurisdiction": player.jurisdiction_id,
        "birth_date": player.birth_date.isoformat(),
        "registration_date": player.registered_at.date().isoformat(),
    }
    assert vendor.call("info", user=new_id())["status"] == "RS_ERROR_INVALID_TOKEN"


def test_a_token_of_one_integration_opens_nothing_at_another(db: None, client: Client) -> None:
    connect_game_vendor("hub88")
    connect_game_vendor("hub88", slug="hub88-second")
    vendor = Vendor("hub88", client)
    vendor.sit()
    vendor.slug = "hub88-second"
    refused(vendor, vendor.bet(), "RS_ERROR_INVALID_TOKEN")


def test_a_user_who_is_not_the_tokens_player_is_refused(vendor_named: MakeVendor) -> None:
    vendor = vendor_named("hub88")
    refused(vendor, vendor.bet(user=new_id()), "RS_ERROR_INVALID_TOKEN")
