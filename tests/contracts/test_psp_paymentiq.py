"""PaymentIQ's cashier against the live endpoints: the conformance scenarios of its protocol, each by its number."""

import base64
import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from apps.core import clock
from apps.integrations.connections import forget_connections
from apps.integrations.models import Integration
from apps.payments.checks.registry import CHECKS
from apps.payments.models import Deposit, PaymentStep, Withdrawal
from apps.players.caller import Caller
from apps.players.models import Player
from apps.players.operations.sessions import open_session
from apps.transactions.models import Transaction
from apps.verification.operations.facts import add_fact
from tests.factories.payments import connect_psp
from tests.factories.policies import put_in_force

_numbers = count(1)
BASIC = "Basic " + base64.b64encode(b"piq:piq-password").decode()


@dataclass
class Cashier:
    """The cashier of one player."""

    client: Client
    currency: str = "EUR"
    session: str = ""
    user: str = ""
    integration: Integration = field(init=False)

    def __post_init__(self) -> None:
        self.integration = connect_psp("paymentiq")

    def sit(self, cash: str = "1000", currency: str = "EUR") -> None:
        """Seat a player through the sandbox."""
        self.currency = currency
        body = {"provider": "paymentiq", "currency": currency, "cashAmount": cash}
        reply = self.client.post("/sandbox/session", body, content_type="application/json").json()
        self.session, self.user = reply["result"]["token"], reply["result"]["userId"]

    def send(self, verb: str, body: Any, authorization: str = BASIC) -> Any:
        """Post one call."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": authorization} if authorization else {}
        return self.client.post(f"/psp/paymentiq/{verb}", raw, content_type="application/json", headers=headers)

    def call(self, verb: str, tx: str = "", amount: str = "100.00", **fields: Any) -> dict[str, Any]:
        """Make one call and return its decoded answer: always HTTP 200."""
        name = "CreditcardWithdrawal" if amount.startswith("-") else "CreditcardDeposit"
        body = {
            "userId": self.user,
            "txAmount": amount,
            "txAmountCy": self.currency,
            "txId": tx or str(next(_numbers)),
            "txTypeId": "101",
            "txName": name,
            "provider": "Test",
            "accountId": "acc-1",
            "maskedAccount": "411111******1111",
        }
        if verb == "transfer":
            body |= {"txPspAmount": amount, "txPspAmountCy": self.currency, "fee": "0", "feeCy": self.currency}
            body |= {"txRefId": f"1A{body['txId']}"}
        reply = self.send(verb, {**body, **fields})
        assert reply.status_code == 200, reply.content
        found: dict[str, Any] = reply.json()
        return found

    def balances(self) -> tuple[str, str]:
        """Cash and locked, from the sandbox's own view."""
        found = self.client.get(f"/sandbox/players/{self.user}").json()["balances"][self.currency]
        return found["cash"], found["locked"]


@pytest.fixture
def cashier(db: None, client: Client) -> Cashier:
    """A player with 1000.00 EUR at the cashier."""
    made = Cashier(client)
    made.sit()
    return made


def test_verifyuser_describes_the_player(cashier: Cashier) -> None:
    reply = cashier.send("verifyuser", {"userId": cashier.user, "sessionId": cashier.session})
    found = reply.json()
    assert (found["userId"], found["success"], found["balanceCy"]) == (cashier.user, True, "EUR")
    assert (found["balance"], found["country"], found["dob"]) == (1000.0, "MLT", "1990-01-01")
    assert b'"balance":1000.00' in reply.content  # a number, with every digit


def test_verifyuser_says_whether_identity_is_proven_and_where_the_player_is(cashier: Cashier) -> None:
    asked = {"userId": cashier.user, "sessionId": cashier.session}
    first = cashier.send("verifyuser", asked)
    assert (first.json()["kycStatus"], "PIQ-Client-IP" in first.headers) == ("Pending", False)
    player = Player.objects.get(public_id=cashier.user)
    for address in ("203.0.113.9", "203.0.113.10"):
        open_session(player=player, caller=Caller(address), now=clock.now())
    add_fact(
        player_id=player.pk, kind="identity", outcome="confirmed", method="vendor", level=2, now=clock.now()
    )  # fmt: skip
    second = cashier.send("verifyuser", asked)
    assert (second.json()["kycStatus"], second.headers["PIQ-Client-IP"]) == ("Approved", "203.0.113.10")
    assert cashier.send("lookupuser", {"userId": cashier.user}).json()["kycStatus"] == "Approved"


def test_1_an_unknown_session_is_refused_in_the_protocols_words(cashier: Cashier) -> None:
    for session, user in (("nonsense", cashier.user), (cashier.session, "01890000-0000-7000-8000-000000000000")):
        reply = cashier.send("verifyuser", {"userId": user, "sessionId": session})
        assert (reply.status_code, reply.json()["success"]) == (200, False)
        assert {"errCode", "errMsg"} <= reply.json().keys()


def test_2_deposits_and_withdrawals_are_authorized_and_overdrafts_are_not(cashier: Cashier) -> None:
    first = cashier.call("authorize", amount="100.00")
    assert (first["success"], UUID(first["authCode"]).version is not None) == (True, True)
    assert cashier.balances() == ("1000.00", "0")
    second = cashier.call("authorize", amount="-300.00")
    assert (second["success"], cashier.balances()) == (True, ("700.00", "300.00"))
    assert second["updatedUser"]["balance"] == 700.0
    refused = cashier.call("authorize", amount="-700.01")
    assert (refused["success"], refused["errCode"]) == (False, "104")
    assert cashier.balances() == ("700.00", "300.00")


def test_3_a_repeated_authorize_is_one_reservation(cashier: Cashier) -> None:
    answers = [cashier.call("authorize", "77", "-300.00") for _ in range(3)]
    assert len({answer["authCode"] for answer in answers}) == 1
    assert (cashier.balances(), Withdrawal.objects.count()) == (("700.00", "300.00"), 1)


@pytest.mark.parametrize(("amount", "cash"), [("1025.00", "2025.00"), ("0.01", "1000.01")])
def test_4_the_transfer_counts_not_the_authorize(cashier: Cashier, amount: str, cash: str) -> None:
    code = cashier.call("authorize", "77", "500.00")["authCode"]
    assert cashier.call("transfer", "77", amount, authCode=code)["success"]
    assert cashier.balances() == (cash, "0")


@pytest.mark.parametrize("sign", ["", "-"])
def test_5_a_repeated_transfer_is_one_posting(cashier: Cashier, sign: str) -> None:
    code = cashier.call("authorize", "77", f"{sign}100.00")["authCode"]
    before = Transaction.objects.count()
    answers = [cashier.call("transfer", "77", f"{sign}100.00", authCode=code) for _ in range(3)]
    assert len({json.dumps(answer) for answer in answers}) == 1
    assert (answers[0]["txId"], answers[0]["success"]) == ("77", True)
    assert Transaction.objects.count() == before + 1
    assert cashier.balances() == ("900.00" if sign else "1100.00", "0")


@pytest.mark.parametrize(("amount", "cash"), [("50.00", "1050.00"), ("-50.00", "950.00")])
def test_6_a_transfer_without_authorize_is_accepted(cashier: Cashier, amount: str, cash: str) -> None:
    assert cashier.call("transfer", "77", amount)["success"]
    assert cashier.call("transfer", "77", amount)["success"]
    assert cashier.balances() == (cash, "0")


def test_6b_a_transfer_beyond_the_balance_is_accepted_and_owed(cashier: Cashier) -> None:
    assert cashier.call("transfer", "77", "-1500.00")["success"]
    assert cashier.balances() == ("0", "0")
    assert PaymentStep.objects.filter(withdrawal__isnull=False, is_incident=True).exists()


def test_7_a_repeated_cancel_releases_once(cashier: Cashier) -> None:
    code = cashier.call("authorize", "77", "-300.00")["authCode"]
    for _ in range(3):
        assert cashier.call("cancel", "77", "-300.00", authCode=code)["success"]
    assert cashier.balances() == ("1000.00", "0")


def test_8_a_cancel_after_the_transfer_releases_nothing(cashier: Cashier) -> None:
    code = cashier.call("authorize", "77", "-300.00")["authCode"]
    cashier.call("transfer", "77", "-300.00", authCode=code)
    # The vendor's own example has an authCode that is no UUID.
    assert cashier.call("cancel", "77", "-300.00", authCode="AUTH-1")["success"]
    assert cashier.balances() == ("700.00", "0")


@pytest.mark.parametrize(("amount", "cash"), [("300.00", "1300.00"), ("-300.00", "700.00")])
def test_9_a_transfer_after_the_cancel_is_accepted_and_noticed(cashier: Cashier, amount: str, cash: str) -> None:
    code = cashier.call("authorize", "77", amount)["authCode"]
    cashier.call("cancel", "77", amount, authCode=code)
    assert cashier.call("transfer", "77", amount, authCode=code)["success"]
    assert cashier.balances() == (cash, "0")
    assert PaymentStep.objects.filter(is_incident=True).count() == 1


def test_a_withdrawal_is_screened_before_the_cashier_may_pay_it(cashier: Cashier) -> None:
    assert cashier.call("authorize", "77", "-300.00")["success"]
    withdrawal = Withdrawal.objects.get()
    found = {each.name: each.result for each in withdrawal.checks.all()}
    assert found == dict.fromkeys((spec.name for spec in CHECKS), "passed")
    cashier.call("authorize", "77", "-300.00")
    assert withdrawal.checks.count() == len(CHECKS)


def test_what_a_check_holds_the_cashier_may_not_pay(cashier: Cashier) -> None:
    put_in_force("MT", "identity_verification_gate", "before_play")
    for _ in range(2):
        refused = cashier.call("authorize", "77", "-300.00")
        assert (refused["success"], refused["errCode"]) == (False, "103")
    withdrawal = Withdrawal.objects.get()
    assert (withdrawal.state, withdrawal.reason_code) == ("rejected", "identity")
    assert (withdrawal.checks.get(name="identity").result, cashier.balances()) == ("hold", ("1000.00", "0"))
    assert cashier.call("cancel", "77", "-300.00")["success"]
    assert cashier.balances() == ("1000.00", "0")
    # It paid nevertheless: that is booked, and somebody is told.
    assert cashier.call("transfer", "77", "-300.00")["success"]
    assert cashier.balances() == ("700.00", "0")
    assert PaymentStep.objects.filter(withdrawal=withdrawal, is_incident=True).count() == 1


@pytest.mark.parametrize("mode", ["A", "D"])
def test_11_either_fee_mode_moves_the_players_own_amount(cashier: Cashier, mode: str) -> None:
    psp_amount = {"A": "102.00", "D": "98.00"}[mode]
    terms = {"fee": "2.00", "feeMode": mode, "txPspAmount": psp_amount}
    assert cashier.call("transfer", "77", "100.00", **terms)["success"]
    assert cashier.balances() == ("1100.00", "0")


@pytest.mark.parametrize(("currency", "amount", "cash"), [("JPY", "500", "1500"), ("KWD", "0.125", "1000.125")])
def test_12_decimals_are_the_currencys(cashier: Cashier, currency: str, amount: str, cash: str) -> None:
    cashier.sit(currency=currency)
    assert cashier.call("transfer", "77", amount)["success"]
    assert cashier.balances()[0] == cash
    for too_fine in ("0.0001", "1e2", "NaN", "", "0", "1,5"):
        assert cashier.call("transfer", "78", too_fine)["success"] is False
    assert cashier.balances()[0] == cash


def test_one_id_does_not_stand_for_two_payments(cashier: Cashier) -> None:
    cashier.call("authorize", "77", "-300.00")
    answer = cashier.call("authorize", "77", "300.00")
    assert (answer["success"], answer["errCode"]) == (False, "107")
    first = cashier.user
    cashier.sit()
    assert (cashier.call("transfer", "77", "-300.00")["errCode"], cashier.user != first) == ("107", True)
    assert cashier.balances() == ("1000.00", "0")


def test_ids_may_come_as_numbers(cashier: Cashier) -> None:
    code = cashier.call("authorize", "", "10.00", txId=77, txTypeId=101)["authCode"]
    assert cashier.call("transfer", "77", "10.00", authCode=code, txAmount="10.00")["success"]
    assert Deposit.objects.count() == 1


def test_a_dispute_is_taken_by_its_name(cashier: Cashier) -> None:
    cashier.call("transfer", "77", "100.00")
    body = {"txTypeId": 971, "txName": "DisputeFiled", "txRefId": "1D77", "originTxId": "77", "userId": cashier.user}
    for _ in range(2):
        assert cashier.send("notification", body).json() == {"success": True}
    assert cashier.send("notification", {**body, "originTxId": "nothing", "txRefId": "1D78"}).json()["success"] is False


def test_lookupuser_finds_exactly_one(cashier: Cashier) -> None:
    assert cashier.send("lookupuser", {"userId": cashier.user}).json()["success"] is True
    for terms in ({}, {"userId": "no uuid"}, {"email": "nobody@example.com"}, {"userId": cashier.user, "email": "x@y"}):
        assert cashier.send("lookupuser", terms).json()["success"] is False


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer x",
        "Basic",
        "Basic !!",
        "Basic " + base64.b64encode(b"piq").decode(),
        "Basic " + base64.b64encode(b"piq:").decode(),
        "Basic " + base64.b64encode(b"piq:wrong").decode(),
        "Basic " + base64.b64encode(b"other:piq-password").decode(),
    ],
)
def test_a_stranger_gets_nothing(cashier: Cashier, authorization: str) -> None:
    body = {"userId": cashier.user, "txAmount": "5.00", "txAmountCy": "EUR", "txId": "1", "txName": "CreditcardDeposit"}
    for verb in ("verifyuser", "authorize", "transfer", "cancel", "notification", "lookupuser"):
        assert cashier.send(verb, body, authorization).status_code == 401
    assert (cashier.balances(), Deposit.objects.count()) == (("1000.00", "0"), 0)


def test_calls_from_elsewhere_are_refused(cashier: Cashier) -> None:
    Integration.objects.update(options={"allowed_networks": ["192.0.2.0/24"]})
    forget_connections()
    assert cashier.send("verifyuser", {"userId": cashier.user, "sessionId": cashier.session}).status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b'{"userId":1,"userId":2}', b"{}", b'{"a":' * 50])
def test_what_cannot_be_read_is_refused_and_moves_nothing(cashier: Cashier, body: bytes) -> None:
    for verb in ("verifyuser", "authorize", "transfer", "cancel", "notification", "lookupuser"):
        reply = cashier.send(verb, body)
        assert (reply.status_code, reply.json()["success"]) == (200, False)
    assert (cashier.balances(), Deposit.objects.count()) == (("1000.00", "0"), 0)


def test_a_card_number_is_never_kept(cashier: Cashier) -> None:
    number = "4111 1111 1111 1234"
    cashier.call("transfer", "77", "10.00", accountId=number, maskedAccount=number, pspStatusMessage=f"card {number}")
    kept = [*PaymentStep.objects.values_list("details", flat=True)]
    assert not any("4111" in json.dumps(details) for details in kept)
