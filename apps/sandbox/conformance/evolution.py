"""Scenarios of Evolution One Wallet, after the public suite of licensee tests. Source: reference, sections 4 and 11."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apps.sandbox.conformance.scenarios import Seated, Side, Suite, encode, new_id, require

D = Decimal


class EvolutionSide(Side):
    """Sends what Evolution sends."""

    def post(self, path: str, body: Any, *, token: str | None = None) -> tuple[int, Any]:
        """Send one call with the `authToken`, and return status and document."""
        shown = self.credentials["auth_token"] if token is None else token
        reply = self.wire.send("POST", f"{self.prefix}/{path}?authToken={shown}", body=encode(body))
        return reply.status, reply.json()

    def move(
        self, verb: str, player: Seated, ref: str, amount: str, *, game: str, table: str = "", **changes: Any
    ) -> Any:
        """Debit, credit or cancel; HTTP 200 and the `uuid` echoed."""
        body = {
            "sid": player.token,
            "userId": player.user,
            "uuid": new_id(),
            "currency": player.currency,
            "game": {"id": game, "type": "blackjack", "details": {"table": {"id": table or self.game, "vid": ""}}},
            "transaction": {"id": new_id(), "refId": ref, "amount": D(amount)},
        } | changes
        status, answer = self.post(verb, body)
        require("HTTP status", status, 200)
        require("uuid", answer.get("uuid"), body["uuid"])
        return answer

    def promo(self, player: Seated, promo_id: str, amount: str) -> Any:
        """Pay a promotion."""
        paid = {
            "type": "FreeRoundPlayableSpent",
            "id": promo_id,
            "amount": D(amount),
            "voucherId": "v-1",
            "remainingRounds": 0,
        }
        body = {"sid": player.token, "userId": player.user, "uuid": new_id(), "currency": player.currency}
        return self.post("promo_payout", body | {"promoTransaction": paid})[1]

    def balance(self, player: Seated, **changes: Any) -> Any:
        """Ask for the balance."""
        body = {"sid": player.token, "userId": player.user, "uuid": new_id(), "currency": player.currency}
        return self.post("balance", body | changes)[1]

    def check(self, player: Seated) -> Any:
        """Check the user; the answer may carry a new sid."""
        body = {"sid": player.token, "userId": player.user, "uuid": new_id(), "channel": {"type": "P"}}
        return self.post("check", body)[1]


SUITE = Suite("Evolution One Wallet", "v2", EvolutionSide)


def _expect(answer: Any, balance: str, *statuses: str) -> None:
    require("status", answer["status"], *(statuses or ("OK",)))
    require("balance", answer.get("balance"), D(balance))


@SUITE.scenario
def check_rotates_the_sid(side: EvolutionSide) -> None:
    """After /check gives a new sid, the old one is INVALID_SID for every verb, and the new one plays."""
    player = side.seat()
    answer = side.check(player)
    require("status", answer["status"], "OK")
    fresh = Seated(player.user, answer["sid"], player.currency)
    require("a new sid", fresh.token != player.token, True)
    ref, game = new_id(), new_id()
    require("balance with the old sid", side.balance(player)["status"], "INVALID_SID")
    for verb in ("debit", "credit", "cancel"):
        require(f"{verb} with the old sid", side.move(verb, player, ref, "10", game=game)["status"], "INVALID_SID")
    require("promo with the old sid", side.promo(player, new_id(), "1")["status"], "INVALID_SID")
    require("check with the old sid", side.check(player)["status"], "INVALID_SID")
    _expect(side.move("debit", fresh, ref, "10", game=game), "990")


@SUITE.scenario
def wrong_auth_token(side: EvolutionSide) -> None:
    """A wrong authToken is HTTP 401 with INVALID_TOKEN_ID, and nothing moves."""
    player = side.seat()
    for token in ("wrong", ""):
        status, answer = side.post(
            "balance", {"sid": player.token, "userId": player.user, "currency": "EUR"}, token=token
        )
        require("HTTP status", status, 401)
        require("status", answer["status"], "INVALID_TOKEN_ID")


@SUITE.scenario
def debit_and_credit(side: EvolutionSide) -> None:
    """A bet is debited and its win credited, exactly."""
    player, ref, game = side.seat(), new_id(), new_id()
    _expect(side.move("debit", player, ref, "2.000001", game=game), "997.999999")
    _expect(side.move("credit", player, ref, "4.000001", game=game), "1002")
    _expect(side.balance(player), "1002")


@SUITE.scenario
def debit_repeated(side: EvolutionSide) -> None:
    """A repeated debit is BET_ALREADY_EXIST or OK, with one effect and the true balance."""
    player, ref, game = side.seat(), new_id(), new_id()
    side.move("debit", player, ref, "1", game=game)
    _expect(side.move("debit", player, ref, "1", game=game), "999", "BET_ALREADY_EXIST", "OK")
    _expect(side.move("debit", player, ref, "7", game=game), "999", "BET_ALREADY_EXIST")
    _expect(side.move("credit", player, ref, "1", game=game), "1000")


@SUITE.scenario
def insufficient_funds(side: EvolutionSide) -> None:
    """A bet beyond the balance is INSUFFICIENT_FUNDS with the true balance."""
    player = side.seat(cash="50")
    _expect(side.move("debit", player, new_id(), "50.000001", game=new_id()), "50", "INSUFFICIENT_FUNDS")
    _expect(side.move("debit", player, new_id(), "50", game=new_id()), "0")


@SUITE.scenario
def credit_without_debit(side: EvolutionSide) -> None:
    """A credit without its debit is BET_DOES_NOT_EXIST; once the bet is there, the same credit pays."""
    player, ref, game = side.seat(), new_id(), new_id()
    _expect(side.move("credit", player, ref, "5", game=game), "1000", "BET_DOES_NOT_EXIST")
    side.move("debit", player, ref, "5", game=game)
    _expect(side.move("credit", player, ref, "5", game=game), "1000")


@SUITE.scenario
def credit_twice(side: EvolutionSide) -> None:
    """A second credit of a bet is BET_ALREADY_SETTLED or OK, and pays nothing."""
    player, ref, game = side.seat(), new_id(), new_id()
    side.move("debit", player, ref, "2", game=game)
    side.move("credit", player, ref, "3", game=game)
    _expect(side.move("credit", player, ref, "3", game=game), "1001", "BET_ALREADY_SETTLED", "OK")
    _expect(side.move("credit", player, ref, "9", game=game), "1001", "BET_ALREADY_SETTLED")


@SUITE.scenario
def credit_of_nothing_closes_the_bet(side: EvolutionSide) -> None:
    """A credit of 0 closes the bet: it can not be cancelled any more."""
    player, ref, game = side.seat(), new_id(), new_id()
    side.move("debit", player, ref, "2", game=game)
    _expect(side.move("credit", player, ref, "0", game=game), "998")
    _expect(side.move("cancel", player, ref, "2", game=game), "998", "BET_ALREADY_SETTLED")


@SUITE.scenario
def cancel_returns_the_bet_once(side: EvolutionSide) -> None:
    """A cancel returns the bet; a second one is BET_ALREADY_SETTLED or OK, with no effect."""
    player, ref, game = side.seat(), new_id(), new_id()
    side.move("debit", player, ref, "10", game=game)
    _expect(side.move("cancel", player, ref, "10", game=game), "1000")
    _expect(side.move("cancel", player, ref, "10", game=game), "1000", "BET_ALREADY_SETTLED", "OK")


@SUITE.scenario
def credit_after_cancel(side: EvolutionSide) -> None:
    """A credit after the cancel of its bet is BET_ALREADY_SETTLED."""
    player, ref, game = side.seat(), new_id(), new_id()
    side.move("debit", player, ref, "10", game=game)
    side.move("cancel", player, ref, "10", game=game)
    _expect(side.move("credit", player, ref, "300", game=game), "1000", "BET_ALREADY_SETTLED")


@SUITE.scenario
def debit_after_cancel(side: EvolutionSide) -> None:
    """A debit that comes again after its cancel is FINAL_ERROR_ACTION_FAILED."""
    player, ref, game = side.seat(), new_id(), new_id()
    side.move("debit", player, ref, "10", game=game)
    side.move("cancel", player, ref, "10", game=game)
    _expect(side.move("debit", player, ref, "10", game=game), "1000", "FINAL_ERROR_ACTION_FAILED")


@SUITE.scenario
def cancel_after_credit(side: EvolutionSide) -> None:
    """A cancel after the credit is BET_ALREADY_SETTLED."""
    player, ref, game = side.seat(), new_id(), new_id()
    side.move("debit", player, ref, "10", game=game)
    side.move("credit", player, ref, "25", game=game)
    _expect(side.move("cancel", player, ref, "10", game=game), "1015", "BET_ALREADY_SETTLED")


@SUITE.scenario
def cancel_of_unknown_leaves_a_tombstone(side: EvolutionSide) -> None:
    """A cancel of an unknown bet is BET_DOES_NOT_EXIST, and the late debit is FINAL_ERROR_ACTION_FAILED, for good."""
    player, ref, game = side.seat(), new_id(), new_id()
    _expect(side.move("cancel", player, ref, "10", game=game), "1000", "BET_DOES_NOT_EXIST")
    for _ in range(2):
        _expect(side.move("debit", player, ref, "10", game=game), "1000", "FINAL_ERROR_ACTION_FAILED")


@SUITE.scenario
def several_bets_settled_one_by_one(side: EvolutionSide) -> None:
    """Several bets in one game, some won, some lost, some cancelled, each by its own reference (mixed)."""
    player, game = side.seat(), new_id()
    refs = [new_id() for _ in range(15)]
    for place, ref in enumerate(refs, start=1):
        _expect(side.move("debit", player, ref, "3", game=game), str(1000 - 3 * place))
    for place, ref in enumerate(refs[:7], start=1):
        _expect(side.move("credit", player, ref, "4", game=game), str(955 + 4 * place))
    for ref in refs[7:10]:
        _expect(side.move("credit", player, ref, "0", game=game), "983")
    _expect(side.move("credit", player, refs[10], "5", game=game), "988")
    for place, ref in enumerate(refs[11:], start=1):
        _expect(side.move("cancel", player, ref, "3", game=game), str(988 + 3 * place))


@SUITE.scenario
def one_credit_for_several_bets(side: EvolutionSide) -> None:
    """One credit covers several bets of a game: it names one reference, and pays for all."""
    player, game, first, second = side.seat(), new_id(), new_id(), new_id()
    side.move("debit", player, first, "10", game=game)
    side.move("debit", player, second, "5", game=game)
    _expect(side.move("credit", player, second, "15", game=game), "1000")


@SUITE.scenario
def bets_and_wins_in_turns_in_one_game(side: EvolutionSide) -> None:
    """Bet, win, bet, win in one game, as in deal-or-no-deal: each is taken."""
    player, game = side.seat(), new_id()
    for _ in range(10):
        ref = new_id()
        _expect(side.move("debit", player, ref, "12", game=game), "988")
        _expect(side.move("credit", player, ref, "12", game=game), "1000")


@SUITE.scenario
def two_rounds_at_once(side: EvolutionSide) -> None:
    """Two rounds at once on one table do not touch each other."""
    player, first, second = side.seat(), new_id(), new_id()
    a, b, c = new_id(), new_id(), new_id()
    side.move("debit", player, a, "10", game=first)
    side.move("debit", player, b, "3", game=second)
    side.move("debit", player, c, "3", game=second)
    _expect(side.move("cancel", player, c, "3", game=second), "987")
    _expect(side.move("credit", player, a, "10", game=first), "997")
    _expect(side.move("credit", player, b, "3", game=second), "1000")
    _expect(side.move("cancel", player, b, "3", game=second), "1000", "BET_ALREADY_SETTLED")


@SUITE.scenario
def two_sids_at_once(side: EvolutionSide) -> None:
    """A player sits at two tables with two sids; a credit may come under the other live sid."""
    player = side.seat()
    other = side.again(player)
    ref, game = new_id(), new_id()
    _expect(side.move("debit", player, ref, "10", game=game), "990")
    _expect(side.move("debit", other, new_id(), "5", game=new_id()), "985")
    _expect(side.move("credit", other, ref, "20", game=game), "1005")


@SUITE.scenario
def promo_payout_without_a_bet(side: EvolutionSide) -> None:
    """A promotional payout needs no bet, is paid once however often it comes, and can be staked."""
    player, promo_id = side.seat(cash="0"), new_id()
    for _ in range(2):
        _expect(side.promo(player, promo_id, "10"), "10")
    _expect(side.move("debit", player, new_id(), "10", game=new_id()), "0")


@SUITE.scenario
def a_big_payout_can_be_staked_again(side: EvolutionSide) -> None:
    """A payout far beyond any stake is exact, and can be staked again."""
    player, ref, again = side.seat(), new_id(), new_id()
    first, second = new_id(), new_id()
    side.move("debit", player, ref, "10", game=first)
    _expect(side.move("credit", player, ref, "63727092.34", game=first), "63728082.34")
    _expect(side.move("debit", player, again, "63727092.34", game=second), "990")
    _expect(side.move("credit", player, again, "10", game=second), "1000")


@SUITE.scenario
def blocked_player(side: EvolutionSide) -> None:
    """A blocked player can not bet (ACCOUNT_LOCKED); his credits and cancels still arrive."""
    player, won, taken_back, game = side.seat(), new_id(), new_id(), new_id()
    side.move("debit", player, won, "1", game=game)
    side.move("debit", player, taken_back, "1", game=game)
    side.set_blocked(player, blocked=True)
    _expect(side.move("debit", player, new_id(), "1", game=game), "998", "ACCOUNT_LOCKED")
    _expect(side.move("credit", player, won, "2", game=game), "1000")
    _expect(side.move("cancel", player, taken_back, "1", game=game), "1001")


@SUITE.scenario
def strangers_and_wrong_currencies(side: EvolutionSide) -> None:
    """An unknown sid, or somebody else's, is INVALID_SID; another currency INVALID_PARAMETER."""
    player, other = side.seat(), side.seat()
    nobody = Seated(player.user, "nobody-sits-here", "EUR")
    require("unknown sid", side.move("debit", nobody, new_id(), "1", game=new_id())["status"], "INVALID_SID")
    foreign = Seated(other.user, player.token, "EUR")
    require("foreign sid", side.move("debit", foreign, new_id(), "1", game=new_id())["status"], "INVALID_SID")
    require(
        "currency",
        side.move("debit", player, new_id(), "1", game=new_id(), currency="USD")["status"],
        "INVALID_PARAMETER",
    )
    require("ledger", side.money(player), ("1000.00", "10.00"))


@SUITE.scenario
def another_players_bet(side: EvolutionSide) -> None:
    """Another player's bet is neither paid nor cancelled for this one."""
    player, other, ref, game = side.seat(), side.seat(), new_id(), new_id()
    side.move("debit", player, ref, "10", game=game)
    _expect(side.move("credit", other, ref, "10", game=game), "1000", "BET_DOES_NOT_EXIST")
    _expect(side.move("cancel", other, ref, "10", game=game), "1000", "BET_DOES_NOT_EXIST")
    _expect(side.move("credit", player, ref, "10", game=game), "1000")


@SUITE.scenario
def bad_parameters(side: EvolutionSide) -> None:
    """Negative, missing and inexact amounts are INVALID_PARAMETER, and move nothing."""
    player = side.seat()
    for amount in (D("-1"), "1.00", None, D("0.0000001"), D("1e12")):
        transaction = {"id": new_id(), "refId": new_id(), "amount": amount}
        answer = side.move("debit", player, new_id(), "1", game=new_id(), transaction=transaction)
        require(f"amount {amount!r}", answer["status"], "INVALID_PARAMETER")
    status, answer = side.post("debit", [])
    require("not an object", (status, answer["status"]), (200, "INVALID_PARAMETER"))
    require("ledger", side.money(player), ("1000.00", "10.00"))


@SUITE.scenario
def details_with_a_capital(side: EvolutionSide) -> None:
    """Clients that write `Details` with a capital are understood."""
    player = side.seat()
    game = {"id": new_id(), "type": "blackjack", "Details": {"table": {"id": side.game, "vid": ""}}}
    ref = new_id()
    _expect(_capital(side, player, ref, game), "999")


def _capital(side: EvolutionSide, player: Seated, ref: str, game: Mapping[str, Any]) -> Any:
    body = {
        "sid": player.token,
        "userId": player.user,
        "uuid": new_id(),
        "currency": player.currency,
        "game": game,
        "transaction": {"id": new_id(), "refId": ref, "amount": D(1)},
    }
    return side.post("debit", body)[1]
