"""Scenarios of the Valkyrie PAM API 0.7.0. Source: game-provider reference, sections 5 and 11; its OpenAPI document."""

from decimal import Decimal
from typing import Any

from apps.sandbox.conformance.scenarios import Seated, Suite, new_id, require
from apps.sandbox.conformance.valkyrie_side import ValkyrieSide, error, ok

D = Decimal
SUITE = Suite("Valkyrie PAM API", "0.7.0", ValkyrieSide)


@SUITE.scenario
def api_token(side: ValkyrieSide) -> None:
    """A wrong bearer token is HTTP 401 with PAM_ERR_API_TOKEN."""
    player = side.seat()
    for bearer in ("wrong", ""):
        reply = side.call("GET", "session", player.token, bearer=bearer)
        require("HTTP status", reply.status, 401)
        require("code", reply.json()["error"]["code"], "PAM_ERR_API_TOKEN")


@SUITE.scenario
def session_details(side: ValkyrieSide) -> None:
    """GET session tells player, token, currency, country, language and game; an unknown token is HTTP 401."""
    player = side.seat()
    session = side.session(player.token)["session"]
    require("playerId", session["playerId"], player.user)
    require("token", session["token"], player.token)
    require("length of token", 32 <= len(player.token) <= 40, True)  # noqa: PLR2004 - the protocol's own
    require("currency", session["currency"], "EUR")
    require("gameId", session["gameId"], side.game)
    reply = side.call("GET", "session", "0" * 40)
    require("HTTP status", reply.status, 401)
    require("code", reply.json()["error"]["code"], "PAM_ERR_SESSION_NOT_FOUND")


@SUITE.scenario
def refresh_replaces_the_token(side: ValkyrieSide) -> None:
    """PUT session gives a new token; the old one is expired for balance and bets, but still shows the session."""
    player = side.seat()
    fresh = side.session(player.token, "PUT")["session"]["token"]
    require("a new token", fresh != player.token, True)
    error(side.balance(player), "SESSION_EXPIRED", None)
    error(side.session(player.token, "PUT"), "SESSION_EXPIRED", None)
    error(side.post(player, "WITHDRAW", new_id(), "1", providerRoundId=new_id()), "SESSION_EXPIRED", None)
    require("old session", side.session(player.token)["status"], "OK")
    again = Seated(player.user, fresh, "EUR")
    require("balance", side.balance(again)["balance"]["cashAmount"], D(1000))


@SUITE.scenario
def settling_ignores_an_old_token(side: ValkyrieSide) -> None:
    """DEPOSIT and CANCEL ignore that the token was refreshed away."""
    player, won, taken, game = side.seat(), new_id(), new_id(), new_id()
    side.post(player, "WITHDRAW", won, "1", providerBetRef=won, providerRoundId=game)
    side.post(player, "WITHDRAW", taken, "1", providerBetRef=taken, providerRoundId=game)
    side.session(player.token, "PUT")
    ok(side.post(player, "DEPOSIT", new_id(), "2", providerBetRef=won, providerRoundId=game), "1000")
    ok(side.post(player, "CANCEL", new_id(), "1", providerBetRef=taken, providerRoundId=game), "1001")


@SUITE.scenario
def balance_shows_cash_and_promo(side: ValkyrieSide) -> None:
    """GET balance tells cash and promo amounts; another player's id is PAM_ERR_PLAYER_NOT_FOUND."""
    player = side.seat(cash="12.345678", promo="10")
    balance = side.balance(player)["balance"]
    require("cashAmount", balance["cashAmount"], D("12.345678"))
    require("bonus and promo", balance["bonusAmount"] + balance["promoAmount"], D(10))
    error(side.balance(Seated(new_id(), player.token, "EUR")), "PLAYER_NOT_FOUND", None)


@SUITE.scenario
def provider_is_required(side: ValkyrieSide) -> None:
    """Without `provider` nothing is answered but PAM_ERR_MISSING_PROVIDER."""
    player = side.seat()
    for path in ("session", f"{player.user}/balance", f"{player.user}/transactions"):
        reply = side.call("GET", path, player.token, query={})
        require("code", reply.json()["error"]["code"], "PAM_ERR_MISSING_PROVIDER")


@SUITE.scenario
def withdraw_and_deposit(side: ValkyrieSide) -> None:
    """A withdrawal and its deposit move exactly what they say, to the sixth decimal."""
    player, ref, game = side.seat(), new_id(), new_id()
    first = ok(
        side.post(player, "WITHDRAW", new_id(), "1.000001", providerBetRef=ref, providerRoundId=game), "998.999999"
    )
    second = ok(
        side.post(player, "DEPOSIT", new_id(), "2.5", providerBetRef=ref, providerRoundId=game, isGameOver=True),
        "1001.499999",
    )
    require("two transactions", first != second, True)


@SUITE.scenario
def an_existing_transaction_again(side: ValkyrieSide) -> None:
    """A transaction that exists is OK with the balance, and has one effect."""
    player, ref, game, tx, won = side.seat(), new_id(), new_id(), new_id(), new_id()
    terms = {"providerBetRef": ref, "providerRoundId": game}
    first = ok(side.post(player, "WITHDRAW", tx, "5", **terms), "995")
    require("same id", ok(side.post(player, "WITHDRAW", tx, "5", **terms), "995"), first)
    for _ in range(2):
        ok(side.post(player, "DEPOSIT", won, "7", **terms, isGameOver=True), "1002")


@SUITE.scenario
def duplicate_ids(side: ValkyrieSide) -> None:
    """The same transaction id for another player, game or round is PAM_ERR_DUPLICATE_TRANS."""
    player, other, tx, game = side.seat(), side.seat(), new_id(), new_id()
    ok(side.post(player, "WITHDRAW", tx, "5", providerBetRef=new_id(), providerRoundId=game), "995")
    error(
        side.post(player, "WITHDRAW", tx, "5", providerBetRef=new_id(), providerRoundId=new_id()),
        "DUPLICATE_TRANS",
        "995",
    )
    error(side.post(other, "WITHDRAW", tx, "5", providerBetRef=new_id(), providerRoundId=game), "DUPLICATE_TRANS")
    error(side.post(player, "DEPOSIT", tx, "5", providerRoundId=new_id()), "DUPLICATE_TRANS", "995")


@SUITE.scenario
def overdrafts(side: ValkyrieSide) -> None:
    """What the account does not have is CASH_, BONUS_ or PROMO_OVERDRAFT, with the balance."""
    player = side.seat(cash="10", promo="3")
    error(side.post(player, "WITHDRAW", new_id(), "10.000001", providerRoundId=new_id()), "CASH_OVERDRAFT", "10")
    promo = side.post(player, "WITHDRAW", new_id(), "0", promoAmount=4, providerRoundId=new_id())
    error(promo, "PROMO_OVERDRAFT", "10")
    bonus = side.post(player, "WITHDRAW", new_id(), "0", bonusAmount=4, providerRoundId=new_id())
    error(bonus, "BONUS_OVERDRAFT", "10")
    require("ledger", side.money(player), ("10.00", "3.00"))


@SUITE.scenario
def cash_and_promo_in_one_transaction(side: ValkyrieSide) -> None:
    """A withdrawal draws each amount from its own account, a deposit pays each into it, a cancel returns both."""
    player, ref, game, other = side.seat(cash="10", promo="3"), new_id(), new_id(), new_id()
    ok(side.post(player, "WITHDRAW", new_id(), "4", promoAmount=2, providerBetRef=ref, providerRoundId=game), "6")
    require("ledger", side.money(player), ("6.00", "1.00"))
    ok(side.post(player, "DEPOSIT", new_id(), "1", promoAmount=5, providerBetRef=ref, providerRoundId=game), "7")
    require("ledger", side.money(player), ("7.00", "6.00"))
    side.post(player, "WITHDRAW", new_id(), "2", promoAmount=6, providerBetRef=other, providerRoundId=game)
    require("ledger", side.money(player), ("5.00", "0"))
    ok(side.post(player, "CANCEL", new_id(), "1", providerBetRef=other, providerRoundId=game), "7")
    require("ledger", side.money(player), ("7.00", "6.00"))


@SUITE.scenario
def deposit_without_a_round(side: ValkyrieSide) -> None:
    """A deposit without its round is PAM_ERR_TRANS_NOT_FOUND; once the withdrawal is there, it pays."""
    player, ref, game, tx = side.seat(), new_id(), new_id(), new_id()
    terms = {"providerBetRef": ref, "providerRoundId": game}
    error(side.post(player, "DEPOSIT", tx, "5", **terms), "TRANS_NOT_FOUND")
    side.post(player, "WITHDRAW", new_id(), "5", **terms)
    ok(side.post(player, "DEPOSIT", tx, "5", **terms), "1000")


@SUITE.scenario
def deposit_on_a_closed_round(side: ValkyrieSide) -> None:
    """A deposit on a round that is over is PAM_ERR_TRANS_ALREADY_SETTLED."""
    player, first, second, game = side.seat(), new_id(), new_id(), new_id()
    side.post(player, "WITHDRAW", new_id(), "5", providerBetRef=first, providerRoundId=game)
    side.post(player, "WITHDRAW", new_id(), "5", providerBetRef=second, providerRoundId=game)
    ok(side.post(player, "DEPOSIT", new_id(), "8", providerBetRef=first, providerRoundId=game, isGameOver=True), "998")
    error(
        side.post(player, "DEPOSIT", new_id(), "8", providerBetRef=second, providerRoundId=game),
        "TRANS_ALREADY_SETTLED",
        "998",
    )


@SUITE.scenario
def deposit_for_the_whole_round(side: ValkyrieSide) -> None:
    """A deposit without a bet reference settles the round it names (gamewise), round transactions beside it."""
    player, game, bets = side.seat(), new_id(), [new_id(), new_id()]
    for bet in bets:
        side.post(player, "WITHDRAW", bet, "5", providerRoundId=game)
    listed = [{"transactionType": "WITHDRAW", "providerTransactionId": bet, "cashAmount": 5} for bet in bets]
    settled = side.post(
        player, "DEPOSIT", new_id(), "30", providerRoundId=game, isGameOver=True, roundTransactions=listed
    )
    ok(settled, "1020")
    error(
        side.post(player, "CANCEL", new_id(), "5", providerBetRef=bets[0], providerRoundId=game),
        "TRANS_ALREADY_SETTLED",
        "1020",
    )


@SUITE.scenario
def deposit_on_a_cancelled_withdrawal(side: ValkyrieSide) -> None:
    """A deposit for a cancelled withdrawal is PAM_ERR_TRANS_ALREADY_CANCELLED."""
    player, ref, game = side.seat(), new_id(), new_id()
    terms = {"providerBetRef": ref, "providerRoundId": game}
    side.post(player, "WITHDRAW", new_id(), "5", **terms)
    side.post(player, "CANCEL", new_id(), "5", **terms)
    error(side.post(player, "DEPOSIT", new_id(), "50", **terms), "TRANS_ALREADY_CANCELLED")


@SUITE.scenario
def cancels(side: ValkyrieSide) -> None:
    """The same cancel again is OK; a second one with a new id is PAM_ERR_TRANS_ALREADY_CANCELLED."""
    player, ref, game, cancel = side.seat(), new_id(), new_id(), new_id()
    terms = {"providerBetRef": ref, "providerRoundId": game}
    side.post(player, "WITHDRAW", new_id(), "5", **terms)
    for _ in range(2):
        ok(side.post(player, "CANCEL", cancel, "99", **terms), "1000")
    error(side.post(player, "CANCEL", new_id(), "5", **terms), "TRANS_ALREADY_CANCELLED")


@SUITE.scenario
def cancel_of_unknown(side: ValkyrieSide) -> None:
    """A cancel of something unknown is PAM_ERR_CANCEL_NOT_FOUND, and its late withdrawal is refused."""
    player, ref, game = side.seat(), new_id(), new_id()
    terms = {"providerBetRef": ref, "providerRoundId": game}
    error(side.post(player, "CANCEL", new_id(), "5", **terms), "CANCEL_NOT_FOUND")
    error(side.post(player, "WITHDRAW", new_id(), "5", **terms), "TRANS_ALREADY_CANCELLED")


@SUITE.scenario
def cancel_of_a_settled_bet(side: ValkyrieSide) -> None:
    """A cancel of a bet that was paid is PAM_ERR_TRANS_ALREADY_SETTLED."""
    player, ref, game = side.seat(), new_id(), new_id()
    terms = {"providerBetRef": ref, "providerRoundId": game}
    side.post(player, "WITHDRAW", new_id(), "5", **terms)
    side.post(player, "DEPOSIT", new_id(), "5", **terms)
    error(side.post(player, "CANCEL", new_id(), "5", **terms), "TRANS_ALREADY_SETTLED")


@SUITE.scenario
def cancel_of_something_else(side: ValkyrieSide) -> None:
    """A cancel of what is no withdrawal is PAM_ERR_CANCEL_NON_WITHDRAW."""
    player, ref = side.seat(), new_id()
    ok(side.post(player, "PROMODEPOSIT", new_id(), "5", providerBetRef=ref), "1005")
    error(
        side.post(player, "CANCEL", new_id(), "5", providerBetRef=ref, providerRoundId=new_id()),
        "CANCEL_NON_WITHDRAW",
        "1005",
    )


@SUITE.scenario
def promotions(side: ValkyrieSide) -> None:
    """A promo deposit needs no withdrawal and is paid once; a promo withdrawal may be cancelled."""
    player, tx, buy_in = side.seat(), new_id(), new_id()
    promos = [{"promoType": "FREESPINS", "promoName": "Ten spins", "promoAmount": 5}]
    for _ in range(2):
        ok(side.post(player, "PROMODEPOSIT", tx, "5", promos=promos), "1005")
    ok(side.post(player, "PROMOWITHDRAW", buy_in, "5", providerRoundId=new_id()), "1000")
    ok(side.post(player, "PROMOCANCEL", new_id(), "5", providerBetRef=buy_in), "1005")


@SUITE.scenario
def blocked_player(side: ValkyrieSide) -> None:
    """A blocked player can not bet (PAM_ERR_BET_NOT_ALLOWED); deposits and cancels still arrive."""
    player, won, taken, game = side.seat(), new_id(), new_id(), new_id()
    side.post(player, "WITHDRAW", won, "1", providerRoundId=game)
    side.post(player, "WITHDRAW", taken, "1", providerRoundId=game)
    side.set_blocked(player, blocked=True)
    error(side.post(player, "WITHDRAW", new_id(), "1", providerRoundId=game), "BET_NOT_ALLOWED", "998")
    ok(side.post(player, "DEPOSIT", new_id(), "2", providerBetRef=won, providerRoundId=game), "1000")
    ok(side.post(player, "CANCEL", new_id(), "1", providerBetRef=taken, providerRoundId=game), "1001")


@SUITE.scenario
def wrong_currency_game_and_sign(side: ValkyrieSide) -> None:
    """Another currency, an unknown game and a negative amount have their own codes, and move nothing."""
    player = side.seat()
    error(side.post(player, "WITHDRAW", new_id(), "1", currency="USD"), "TRANS_CURRENCY")
    error(side.post(player, "WITHDRAW", new_id(), "1", providerGameId="no such"), "GAME_NOT_FOUND")
    error(side.post(player, "WITHDRAW", new_id(), "-1"), "NEGATIVE_STAKE")
    error(side.post(player, "DEPOSIT", new_id(), "-1"), "NEGATIVE_STAKE")
    error(side.post(player, "WITHDRAW", new_id(), "0.0000001"), "UNDEFINED")
    require("ledger", side.money(player), ("1000.00", "10.00"))


@SUITE.scenario
def bad_bodies(side: ValkyrieSide) -> None:
    """A body that is no transaction is HTTP 400, and moves nothing."""
    player = side.seat()
    bodies: tuple[Any, ...] = ({}, [], "WITHDRAW", {"transactionType": "STEAL"}, {"currency": "EUR", "cashAmount": "1"})
    for body in bodies:
        reply = side.call("POST", f"{player.user}/transactions", player.token, body=body)
        require("HTTP status", reply.status, 400)
    require("ledger", side.money(player), ("1000.00", "10.00"))


@SUITE.scenario
def transactions_are_looked_up(side: ValkyrieSide) -> None:
    """Transactions are found by bet reference, which outranks the transaction id, and by the id."""
    player, ref, game, tx = side.seat(), new_id(), new_id(), new_id()
    terms = {"providerBetRef": ref, "providerRoundId": game}
    side.post(player, "WITHDRAW", tx, "5", **terms)
    side.post(player, "CANCEL", new_id(), "5", **terms)
    found = side.transactions(player, providerBetRef=ref, providerTransactionId="unknown")["transactions"]
    require("types", [each["transactionType"] for each in found], ["WITHDRAW", "CANCEL"])
    require("amounts", [each["cashAmount"] for each in found], [D(5), D(5)])
    by_id = side.transactions(player, providerTransactionId=tx)["transactions"]
    require("id", by_id[0]["providerTransactionId"], tx)
    require("reference", by_id[0]["providerBetRef"], ref)
    require("round", by_id[0]["providerRoundId"], game)
    missing = side.transactions(player, providerBetRef=new_id())
    require("code", missing["error"]["code"], "PAM_ERR_TRANS_NOT_FOUND")
    reply = side.call("GET", f"{player.user}/transactions", player.token)
    require("HTTP status without an id", reply.status, 400)
    other = side.seat()
    require("another player", side.transactions(other, providerBetRef=ref)["status"], "ERROR")


@SUITE.scenario
def rounds_are_looked_up(side: ValkyrieSide) -> None:
    """A round has an end time once it is over; an unknown one is PAM_ERR_ROUND_NOT_FOUND."""
    player, game, tx = side.seat(), new_id(), new_id()
    side.post(player, "WITHDRAW", tx, "5", providerRoundId=game)
    running = side.round(player, game)["gameround"]
    require(
        "running",
        (running["providerRoundId"], running["providerGameId"], "endTime" in running),
        (game, side.game, False),
    )
    side.post(player, "DEPOSIT", new_id(), "0", providerBetRef=tx, providerRoundId=game, isGameOver=True)
    require("over", "endTime" in side.round(player, game)["gameround"], True)
    error(side.round(player, new_id()), "ROUND_NOT_FOUND", None)
