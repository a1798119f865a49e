"""Trustly as the platform sees it: signs with `cryptography` directly."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from apps.payments.models import Deposit, Withdrawal
from tests.contracts.psp_base import Message, Psp, amount_of, key, next_number
from tests.factories.payments import TRUSTLY_KEYS


def _signed(node: Any) -> str:
    """What Trustly signs: keys in order, null as nothing, objects in objects."""
    if isinstance(node, dict):
        return "".join(f"{name}{_signed(node[name])}" for name in sorted(node))
    return "" if node is None else str(node)


class Trustly(Psp):
    """Signs with `cryptography` directly."""

    secret = TRUSTLY_KEYS["private_key_pem"]

    def message(self, method: str, secret: str = "", **data: Any) -> Message:
        """One signed notification."""
        number = next_number()
        data = {"notificationid": str(number), "enduserid": "1", "timestamp": "2026-11-01 12:00:00.1+01", **data}
        uuid = f"258a2184-9021-b874-21ca-{number:012d}"
        return self._message(method, uuid, data, secret or self.secret)

    def nested(self, method: str, uuid: str, data: dict[str, Any]) -> Message:
        """One signed notification whose data hold objects."""
        return self._message(method, uuid, data, self.secret)

    def _message(self, method: str, uuid: str, data: dict[str, Any], secret: str) -> Message:
        loaded = serialization.load_pem_private_key(secret.encode(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        text = method + uuid + _signed(data)
        signature = base64.b64encode(loaded.sign(text.encode(), padding.PKCS1v15(), hashes.SHA1())).decode()  # noqa: S303
        params = {"signature": signature, "uuid": uuid, "data": data}
        return Message("notifications", json.dumps({"method": method, "params": params, "version": "1.1"}).encode())

    def _about(self, payment: Deposit | Withdrawal, method: str, amount: str = "") -> Message:
        data = {"messageid": key(payment), "orderid": str(9_000_000 + payment.pk)}
        if method in ("credit", "debit", "pending"):
            data |= {"amount": amount or amount_of(payment), "currency": payment.currency}
        return self.message(method, **data)

    def paid_in(self, deposit: Deposit, amount: str = "") -> list[Message]:
        """Pending, then credit."""
        return [self._about(deposit, "pending", amount), self._about(deposit, "credit", amount)]

    def not_paid_in(self, deposit: Deposit) -> list[Message]:
        """Cancel."""
        return [self._about(deposit, "cancel")]

    def paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Payoutconfirmation."""
        return [self._about(withdrawal, "payoutconfirmation")]

    def not_paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Payoutfailed."""
        return [self._about(withdrawal, "payoutfailed")]

    def returned(self, withdrawal: Withdrawal) -> list[Message]:
        """A credit, on an order of ours."""
        return [self._about(withdrawal, "credit")]

    def unknown_word(self) -> Message:
        """A method that the vendor may add."""
        return self.message("rewardgranted", messageid="d-1", orderid="1")

    def tampered(self, message: Message) -> list[Message]:
        """Method, uuid, and each field of the data; an added and a missing one."""
        names = ("method", "uuid", "added", "missing", *json.loads(message.body)["params"]["data"])
        return [self.altered(message, name) for name in names]

    def altered(self, message: Message, name: str) -> Message:
        """One field of what is signed, or the signature."""
        body = json.loads(message.body)
        params, data = body["params"], body["params"]["data"]
        if name == "method":
            body["method"] = "credit" if body["method"] != "credit" else "debit"
        elif name == "uuid":
            params["uuid"] = "258a2184-9021-b874-21ca-ffffffffffff"
        elif name == "missing":
            del data["notificationid"]
        elif name == "signature":
            params["signature"] = base64.b64encode(bytes(256)).decode()
        elif name == "null":
            data["timestamp"] = None
        else:
            data[name] = f"{data.get(name, '')}1"
        return Message(message.path, json.dumps(body).encode())

    def unsigned(self, message: Message, name: str) -> Message:
        """What JSON-RPC carries around the signed part."""
        body = json.loads(message.body)
        if name == "order of keys":
            data = body["params"]["data"]
            body["params"]["data"] = {each: data[each] for each in reversed(data)}
        elif name == "params":
            body["params"]["amount"] = "999.00"
        elif name == "spaces":
            return Message(message.path, json.dumps(body, indent=4).encode())
        else:
            body[name] = {"amount": "999.00", "method": "credit"}
        return Message(message.path, json.dumps(body).encode())

    def again(self, payment: Deposit, amount: str) -> Message:
        """A second order under our reference."""
        data = {"messageid": key(payment), "orderid": str(7_000_000 + payment.pk)}
        return self.message("credit", **data, amount=amount, currency=payment.currency)

    def in_currency(self, deposit: Deposit, currency: str) -> Message:
        """Credit."""
        return self.message("credit", messageid=key(deposit), orderid="5", amount="1.00", currency=currency)

    def resigned(self, message: Message, secret: str) -> Message:
        """With another RSA key."""
        body = json.loads(message.body)
        return self._message(body["method"], body["params"]["uuid"], body["params"]["data"], secret)
