"""CryptoProcessing as the platform sees it: signs with `hmac` directly over the body."""

import hashlib
import hmac
import json
from typing import Any

from apps.payments.models import Deposit, Withdrawal
from tests.contracts.psp_base import Message, Psp, amount_of, key, next_number
from tests.factories.payments import CRYPTO_SECRET


class Crypto(Psp):
    """Signs with `hmac` directly over the body."""

    secret = CRYPTO_SECRET

    def callback(self, secret: str = "", **body: Any) -> Message:
        """One signed callback."""
        raw = json.dumps(body).encode()
        signature = hmac.new((secret or self.secret).encode(), raw, hashlib.sha512).hexdigest()
        return Message("callback", raw, {"X-Processing-Key": "crypto-key", "X-Processing-Signature": signature})

    def _in(self, deposit: Deposit, status: str, amount: str = "") -> Message:
        money = {"currency": deposit.currency, "amount": amount or amount_of(deposit)}
        chain = {**money, "id": 600_000 + deposit.pk, "type": "deposit", "txid": "ab", "riskscore": "0.5"}
        return self.callback(
            id=2_000_000 + deposit.pk,
            type="deposit",
            crypto_address={"id": 1, "currency": deposit.currency, "address": "a", "foreign_id": key(deposit)},
            currency_sent=money,
            currency_received=money,
            transactions=[chain | {"confirmations": "0" if status == "not_confirmed" else 3}],
            fees=[],
            error="",
            status=status,
        )

    def _out(self, withdrawal: Withdrawal, status: str) -> Message:
        return self.callback(
            id=3_000_000 + withdrawal.pk,
            type="withdrawal",
            foreign_id=key(withdrawal),
            transactions=[{"id": 700_000 + withdrawal.pk, "currency": withdrawal.currency, "amount": "1"}],
            error="" if status != "failed" else "no route",
            status=status,
        )

    def paid_in(self, deposit: Deposit, amount: str = "") -> list[Message]:
        """Not confirmed, then confirmed: the same transaction."""
        return [self._in(deposit, "not_confirmed", amount), self._in(deposit, "confirmed", amount)]

    def not_paid_in(self, deposit: Deposit) -> list[Message]:
        """Cancelled."""
        return [self._in(deposit, "cancelled")]

    def paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Processing, then confirmed."""
        return [self._out(withdrawal, "processing"), self._out(withdrawal, "confirmed")]

    def not_paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Failed."""
        return [self._out(withdrawal, "failed")]

    def returned(self, withdrawal: Withdrawal) -> list[Message]:  # noqa: ARG002 - the suite's
        """A chain gives nothing back."""
        return []

    def unknown_word(self) -> Message:
        """A status that the vendor may add."""
        return self.callback(id=1, type="deposit", status="frozen")

    def tampered(self, message: Message) -> list[Message]:
        """Any byte of the body; the key; the signature left out."""
        headers = dict(message.headers)
        return [
            Message(message.path, message.body.replace(b'"id": ', b'"id":  ', 1), headers),
            Message(message.path, message.body + b" ", headers),
            Message(message.path, message.body, headers | {"X-Processing-Key": "another"}),
            Message(message.path, message.body, {"X-Processing-Key": "crypto-key"}),
        ]

    def altered(self, message: Message, name: str) -> Message:
        """A field of the body, all of which is signed; a byte between them; a header."""
        headers = dict(message.headers)
        if name == "key":
            return Message(message.path, message.body, headers | {"X-Processing-Key": "another"})
        if name == "signature":
            return Message(message.path, message.body, headers | {"X-Processing-Signature": "0" * 128})
        if name == "space":
            return Message(message.path, message.body + b" ", headers)
        body = json.loads(message.body)
        body[name] = "x" if isinstance(body.get(name), str) else [body.get(name)]
        return Message(message.path, json.dumps(body).encode(), headers)

    def unsigned(self, message: Message, name: str) -> Message:
        """Headers beside the two that prove it."""
        return Message(message.path, message.body, dict(message.headers) | {name: "other words"})

    def again(self, payment: Deposit, amount: str) -> Message:
        """A second transaction to the same address."""
        body = json.loads(self._in(payment, "confirmed", amount).body)
        number = next_number()
        chain = body["transactions"][0] | {"id": 800_000 + number}
        return self.callback(**body | {"id": 5_000_000 + number, "transactions": [chain]})

    def in_currency(self, deposit: Deposit, currency: str) -> Message:
        """Confirmed."""
        money = {"currency": currency, "amount": "1.00"}
        body = json.loads(self._in(deposit, "confirmed").body)
        return self.callback(**body | {"currency_sent": money, "currency_received": money})

    def resigned(self, message: Message, secret: str) -> Message:
        """With another secret."""
        return self.callback(secret, **json.loads(message.body))
