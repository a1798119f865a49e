"""PaymentIQ in the common suite: a cashier that calls and waits, so that its stories are told by its verbs."""

import base64
import json
from typing import Any

from apps.core.money import Money
from apps.payments.models import Deposit, Withdrawal
from tests.contracts.psp_base import Message, Psp, amount_of, key, next_number


class PaymentIq(Psp):
    """Proves itself by user name and password; nothing in its bodies is signed."""

    secret = "piq-password"
    failed_payout = "cancelled"

    def call(self, verb: str, name: str, amount: str, secret: str = "", **fields: Any) -> Message:
        """One call of the cashier."""
        number = str(fields.pop("txId", "") or next_number())
        body = {
            "userId": str(self.player.public_id),
            "txAmount": amount,
            "txAmountCy": self.currency,
            "txId": number,
            "txTypeId": "101",
            "txName": name,
            "provider": "Test",
            "accountId": "acc-1",
            "maskedAccount": "411111******1111",
        }
        if verb == "transfer":
            body |= {"txPspAmount": amount, "txPspAmountCy": self.currency, "fee": "0", "feeCy": self.currency}
            body |= {"txRefId": f"1A{number}"}
        headers = {"Authorization": self.basic("piq", secret or self.secret)}
        return Message(verb, json.dumps(body | fields).encode(), headers)

    def basic(self, user: str, password: str) -> str:
        """The header that proves it."""
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def withdrawal(self, amount: str = "100") -> Withdrawal:
        """A withdrawal that the cashier has announced."""
        number = str(next_number())
        self.tell(self.call("authorize", "CreditcardWithdrawal", f"-{amount}.00", txId=number))
        return Withdrawal.objects.get(attempts__psp_reference=number)

    def tell(self, *messages: Message) -> None:
        """Make the calls; a refusal is an answer too."""
        for message in messages:
            assert self.send(message).status_code == 200

    def _in(self, deposit: Deposit, verb: str, amount: str = "") -> Message:
        asked = Money.parse(amount, deposit.currency).format() if amount else amount_of(deposit)
        order: dict[str, Any] = {"txId": f"9{deposit.pk}", "attributes": {"orderId": key(deposit)}}
        return self.call(verb, "CreditcardDeposit", asked, **order)

    def _out(self, withdrawal: Withdrawal, verb: str, amount: str = "") -> Message:
        number = withdrawal.attempts.get().psp_reference
        return self.call(verb, "CreditcardWithdrawal", f"-{amount or amount_of(withdrawal)}", txId=number)

    def paid_in(self, deposit: Deposit, amount: str = "") -> list[Message]:
        """Authorize, then transfer."""
        return [self._in(deposit, "authorize"), self._in(deposit, "transfer", amount)]

    def not_paid_in(self, deposit: Deposit) -> list[Message]:
        """Authorize, then cancel."""
        return [self._in(deposit, "authorize"), self._in(deposit, "cancel")]

    def paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Authorize (again), then transfer."""
        return [self._out(withdrawal, "authorize"), self._out(withdrawal, "transfer")]

    def not_paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Cancel."""
        return [self._out(withdrawal, "cancel")]

    def returned(self, withdrawal: Withdrawal) -> list[Message]:  # noqa: ARG002 - the suite's
        """The cashier knows no returns."""
        return []

    def unknown_word(self) -> Message:
        """A notification that the vendor may add."""
        body: dict[str, Any] = {"txTypeId": 999, "txName": "MoonPhase", "txRefId": "1M1", "originTxId": "none"}
        return self.call("notification", "MoonPhase", "0", **body)

    def again(self, payment: Deposit | Withdrawal, amount: str) -> Message:
        """A second payment under the same reference of ours."""
        assert isinstance(payment, Deposit)
        order: dict[str, Any] = {"txId": f"8{payment.pk}", "attributes": {"orderId": key(payment)}}
        return self.call("transfer", "CreditcardDeposit", amount, **order)

    def altered(self, message: Message, name: str) -> Message:
        """The same call by somebody who does not know the password, or not the name."""
        user, password = {"username": ("piq2", self.secret), "password": ("piq", "guess"), "both": ("", "")}[name]
        return Message(message.path, message.body, {"Authorization": self.basic(user, password)})

    def unsigned(self, message: Message, name: str) -> Message:
        """The same call with a field changed on which no money hangs."""
        body = json.loads(message.body)
        body[name] = {"attributes": body.get("attributes", {}) | {"x": "y"}, "txTypeId": 108}.get(name, "other words")
        return Message(message.path, json.dumps(body).encode(), message.headers)

    def resigned(self, message: Message, secret: str) -> Message:
        """With another password."""
        return Message(message.path, message.body, {"Authorization": self.basic("piq", secret)})

    def in_currency(self, deposit: Deposit, currency: str) -> Message:
        """The payment, told in another currency."""
        found = json.loads(self._in(deposit, "transfer").body) | {"txAmountCy": currency}
        return Message("transfer", json.dumps(found).encode(), self._in(deposit, "transfer").headers)

    def is_refused(self, response: Any) -> bool:
        """Whether it said no, in its words or by status."""
        return response.status_code in {400, 401} or response.json()["success"] is False
