"""Scenarios of the Hub88 family: Hub88 Operator API v2 and Caleta 1.5. Source: reference, sections 1, 2 and 11."""

from collections.abc import Mapping
from typing import Any

from apps.sandbox.conformance.scenarios import Seated, Side, Suite, Wire, encode, new_id, require
from apps.sandbox.vendors.dialects import CALETA, HUB88, Dialect
from apps.sandbox.vendors.signatures import sign

UNIT = 100_000


class FamilySide(Side):
    """Sends what a vendor of the family sends, signed over the raw body."""

    def __init__(self, wire: Wire, integration: str, credentials: Mapping[str, str], dialect: Dialect) -> None:
        super().__init__(wire, integration, credentials)
        wire.secrets = ()
        self.dialect = dialect

    def post(self, path: str, body: Any, *, signature: str | None = None) -> Any:
        """Send one call; HTTP 200."""
        raw = encode(body)
        signed = sign(self.credentials["private_key_pem"], raw) if signature is None else signature
        reply = self.wire.send("POST", f"{self.prefix}{path}", {self.dialect.signature_header: signed}, raw)
        require("HTTP status", reply.status, 200)
        return reply.json()

    def money_call(self, verb: str, player: Seated, **fields: Any) -> Any:
        """Bet, win or rollback; the request id is echoed."""
        path = {"bet": self.dialect.bet_path, "win": self.dialect.win_path, "rollback": self.dialect.rollback_path}[
            verb
        ]
        body: dict[str, Any] = {
            "token": player.token,
            "request_uuid": new_id(),
            "transaction_uuid": new_id(),
            "game_code": self.game,
            "round": new_id(),
            "round_closed": False,
        }
        if self.dialect.sends_user or verb == "rollback":
            body["user"] = player.user
        if verb != "rollback":
            body |= {"currency": player.currency, "amount": UNIT, "is_free": False, "supplier_user": "s-1"}
        body |= fields
        answer = self.post(path, body)
        require("request_uuid", answer.get("request_uuid"), body["request_uuid"])
        return answer

    def bet(self, player: Seated, **fields: Any) -> Any:
        """Place a bet of one main unit unless said otherwise."""
        return self.money_call("bet", player, **fields)

    def win(self, player: Seated, bet: str, **fields: Any) -> Any:
        """Pay a bet."""
        return self.money_call("win", player, reference_transaction_uuid=bet, **fields)

    def rollback(self, player: Seated, bet: str, **fields: Any) -> Any:
        """Take a bet back."""
        return self.money_call("rollback", player, reference_transaction_uuid=bet, **fields)

    def balance(self, player: Seated) -> Any:
        """Ask for the balance."""
        body = {"token": player.token, "request_uuid": new_id(), "game_code": self.game}
        return self.post(self.dialect.balance_path, body | ({"user": player.user} if self.dialect.sends_user else {}))


def _ok(answer: Any, main_units: float) -> None:
    require("status", answer["status"], "RS_OK")
    require("balance", answer["balance"], round(main_units * UNIT))


def _refused(side: FamilySide, answer: Any, *statuses: str) -> None:
    require("status", answer["status"], *(f"RS_ERROR_{status}" for status in statuses))
    if side.dialect is CALETA:
        require("fields of an error", sorted(answer), ["request_uuid", "status"])


def _balance(side: FamilySide) -> None:
    """The balance is cash, not promo money."""
    _ok(side.balance(side.seat()), 1000)


def _exact(side: FamilySide) -> None:
    """A bet of a hundred-thousandth is exact."""
    _ok(side.bet(side.seat(), amount=1), 999.99999)


def _win_paid_once(side: FamilySide) -> None:
    """Bet and win; a repeated win is answered the same and paid once."""
    player, bet, win, round_id = side.seat(), new_id(), new_id(), new_id()
    side.bet(player, transaction_uuid=bet, round=round_id)
    for _ in range(3):
        _ok(side.win(player, bet, transaction_uuid=win, round=round_id, amount=3 * UNIT), 1002)


def _repeated_bet(side: FamilySide) -> None:
    """A repeated bet gets its old answer, and has one effect."""
    player, terms = side.seat(), {"transaction_uuid": new_id(), "round": new_id()}
    for _ in range(2):
        _ok(side.bet(player, **terms), 999)
    _ok(side.balance(player), 999)


def _other_terms(side: FamilySide) -> None:
    """A known id with another amount, round or player is DUPLICATE_TRANSACTION."""
    player, other = side.seat(), side.seat()
    terms = {"transaction_uuid": new_id(), "round": new_id()}
    side.bet(player, **terms)
    _refused(side, side.bet(player, **terms, amount=2 * UNIT), "DUPLICATE_TRANSACTION")
    _refused(side, side.bet(player, **terms | {"round": new_id()}), "DUPLICATE_TRANSACTION")
    _refused(side, side.bet(other, **terms), "DUPLICATE_TRANSACTION")
    _ok(side.balance(player), 999)


def _no_money(side: FamilySide) -> None:
    """A bet beyond the balance is NOT_ENOUGH_MONEY and moves nothing."""
    player = side.seat(cash="5")
    _refused(side, side.bet(player, amount=5 * UNIT + 1), "NOT_ENOUGH_MONEY")
    _ok(side.bet(player, amount=5 * UNIT), 0)


def _win_without_bet(side: FamilySide) -> None:
    """A win without its bet is TRANSACTION_DOES_NOT_EXIST; once the bet is there it pays."""
    player, bet, terms = side.seat(), new_id(), {"transaction_uuid": new_id(), "round": new_id()}
    _refused(side, side.win(player, bet, **terms), "TRANSACTION_DOES_NOT_EXIST")
    side.bet(player, transaction_uuid=bet, round=terms["round"])
    _ok(side.win(player, bet, **terms), 1000)


def _rollback_twice(side: FamilySide) -> None:
    """A rollback returns the bet; rolling back again is RS_OK and returns nothing more."""
    player, bet = side.seat(), new_id()
    side.bet(player, transaction_uuid=bet)
    for _ in range(2):
        _ok(side.rollback(player, bet), 1000)


def _unknown_rollback(side: FamilySide) -> None:
    """A rollback of something unknown is RS_OK with an unchanged balance; the late bet is refused."""
    player, bet = side.seat(), new_id()
    _ok(side.rollback(player, bet), 1000)
    require("late bet", side.bet(player, transaction_uuid=bet)["status"], side.dialect.late_bet_status)
    _ok(side.balance(player), 1000)


def _win_after_rollback(side: FamilySide) -> None:
    """A win after the rollback of its bet is TRANSACTION_ROLLED_BACK."""
    player, bet = side.seat(), new_id()
    side.bet(player, transaction_uuid=bet)
    side.rollback(player, bet)
    _refused(side, side.win(player, bet), "TRANSACTION_ROLLED_BACK")


def _extra_balls(side: FamilySide) -> None:
    """Several bets in a round; one rolls back alone and leaves the round open."""
    player, first, second, round_id = side.seat(), new_id(), new_id(), new_id()
    side.bet(player, transaction_uuid=first, round=round_id)
    _ok(side.bet(player, transaction_uuid=second, round=round_id), 998)
    _ok(side.rollback(player, first, round=round_id), 999)
    _ok(side.win(player, second, round=round_id, round_closed=True), 1000)


def _blocked(side: FamilySide) -> None:
    """A blocked player can not bet (USER_DISABLED); wins and rollbacks succeed."""
    player, won, taken = side.seat(), new_id(), new_id()
    side.bet(player, transaction_uuid=won)
    side.bet(player, transaction_uuid=taken)
    side.set_blocked(player, blocked=True)
    _refused(side, side.bet(player), "USER_DISABLED")
    _ok(side.win(player, won, amount=2 * UNIT), 1000)
    _ok(side.rollback(player, taken), 1001)


def _free_bets(side: FamilySide) -> None:
    """Free bets leave cash alone, spend promo money and are refused beyond it."""
    player = side.seat()
    _ok(side.bet(player, is_free=True, amount=4 * UNIT), 1000)
    _refused(side, side.bet(player, is_free=True, amount=6 * UNIT + 1), "NOT_ENOUGH_MONEY")
    require("ledger", side.money(player), ("1000.00", "6.00"))


def _signatures(side: FamilySide) -> None:
    """A wrong or missing signature is INVALID_SIGNATURE, and moves nothing."""
    player = side.seat()
    body = {"token": player.token, "request_uuid": new_id(), "game_code": side.game, "user": player.user}
    for signature in ("", "AAAA", sign(side.credentials["private_key_pem"], b"another body")):
        answer = side.post(side.dialect.balance_path, body, signature=signature)
        require("status", answer["status"], "RS_ERROR_INVALID_SIGNATURE")


def _strangers(side: FamilySide) -> None:
    """An unknown token, game or currency has its own status."""
    player = side.seat()
    _refused(side, side.bet(player, token="nobody-sits-here"), "INVALID_TOKEN")  # noqa: S106 - nobody's
    _refused(side, side.bet(player, game_code="no such"), "INVALID_GAME")
    _refused(side, side.bet(player, currency="GBP"), "WRONG_CURRENCY")
    _ok(side.balance(player), 1000)


def _bad_amounts(side: FamilySide) -> None:
    """Negative, fractional and textual amounts are refused."""
    player = side.seat()
    for amount in (-1, 1.5, "100000", None, 2**63):
        _refused(side, side.bet(player, amount=amount), "WRONG_TYPES", "WRONG_SYNTAX")
    _ok(side.balance(player), 1000)


_SHARED = (
    _balance, _exact, _win_paid_once, _repeated_bet, _other_terms, _no_money, _win_without_bet, _rollback_twice,
    _unknown_rollback, _win_after_rollback, _extra_balls, _blocked, _free_bets, _signatures, _strangers, _bad_amounts,
)  # fmt: skip


def _suite(dialect: Dialect, version: str) -> Suite:
    suite = Suite(dialect.title, version, lambda wire, slug, keys: FamilySide(wire, slug, keys, dialect))
    for scenario in _SHARED:
        suite.scenario(scenario)
    return suite


HUB88_SUITE = _suite(HUB88, "Operator API v2")
CALETA_SUITE = _suite(CALETA, "Operator's Guide 1.5")


@HUB88_SUITE.scenario
def balance_beside_not_enough_money(side: FamilySide) -> None:
    """Hub88 gets the balance with NOT_ENOUGH_MONEY."""
    player = side.seat(cash="5")
    require("balance", side.bet(player, amount=6 * UNIT).get("balance"), 5 * UNIT)


@HUB88_SUITE.scenario
def supplier_promotion(side: FamilySide) -> None:
    """A supplier's promotion pays after its round has closed."""
    player, bet, round_id = side.seat(), new_id(), new_id()
    side.bet(player, round=round_id, round_closed=True)
    side.bet(player, round=round_id, transaction_uuid=bet, amount=0, is_supplier_promo=True)
    _ok(side.win(player, bet, round=round_id, amount=7 * UNIT, is_supplier_promo=True), 1006)


@HUB88_SUITE.scenario
def player_facts(side: FamilySide) -> None:
    """/user/info tells what the vendor may know of a player."""
    player = side.seat()
    answer = side.post("/user/info", {"user": player.user, "request_uuid": new_id()})
    require("user", (answer["status"], answer["user"], bool(answer["country"])), ("RS_OK", player.user, True))


@CALETA_SUITE.scenario
def token_exchange(side: FamilySide) -> None:
    """/wallet/check exchanges the token: the old one is TOKEN_EXPIRED for bets and accepted for wins."""
    player, bet = side.seat(), new_id()
    side.bet(player, transaction_uuid=bet)
    fresh = side.post("/wallet/check", {"token": player.token})["token"]
    _refused(side, side.bet(player), "TOKEN_EXPIRED")
    _ok(side.win(player, bet), 1000)
    _ok(side.bet(Seated(player.user, fresh, "EUR")), 999)
