"""Adyen as the platform sees it: signs with `hmac` directly, eight fields an item, or the whole body."""

import base64
import hashlib
import hmac
import json
from typing import Any

from apps.core.money import Money
from apps.payments.models import Deposit, Withdrawal
from tests.contracts.psp_base import Message, Psp, key, next_number
from tests.factories.payments import HMAC_KEY, MERCHANT


class Adyen(Psp):
    """Signs with `hmac` directly: eight fields an item, or the whole body."""

    secret = HMAC_KEY
    basic = "Basic " + base64.b64encode(b"adyen:adyen-password").decode()

    def item(self, payment: Deposit | Withdrawal | None, code: str, *, success: str = "true", **fields: Any) -> Any:
        """One item without its signature."""
        amount = payment.money if payment is not None else Money.parse("1", self.currency)
        return {
            "pspReference": f"PSP{next_number():013d}",
            "merchantReference": key(payment) if payment is not None else "",
            "merchantAccountCode": MERCHANT,
            "amount": {"value": amount.to_minor(), "currency": amount.currency},
            "eventCode": code,
            "success": success,
            "reason": "unsigned words",
            **fields,
        }

    def batch(self, *items: Any, secret: str = "") -> Message:
        """A batch of items, each signed."""
        signed = [{**item, "additionalData": {"hmacSignature": self._sign(item, secret)}} for item in items]
        body = {"live": "false", "notificationItems": [{"NotificationRequestItem": item} for item in signed]}
        return Message("notifications", json.dumps(body).encode(), {"Authorization": self.basic})

    def _sign(self, item: Any, secret: str = "") -> str:
        names = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")
        texts = [item.get(name, "") for name in names]
        texts += [str(item["amount"]["value"]), item["amount"]["currency"], item["eventCode"], item["success"]]
        return self.mac(":".join(texts).encode(), secret)

    def mac(self, data: bytes, secret: str = "") -> str:
        """HMAC-SHA256 in base64."""
        raw = hmac.new(bytes.fromhex(secret or self.secret), data, hashlib.sha256).digest()
        return base64.b64encode(raw).decode()

    def transfer(self, withdrawal: Withdrawal, status: str, secret: str = "", **envelope: str) -> Message:
        """A balance-platform webhook."""
        amount = {"value": withdrawal.money.to_minor(), "currency": withdrawal.currency}
        data = {"id": f"TR{withdrawal.pk:014d}", "status": status, "amount": amount, "reference": key(withdrawal)}
        body = json.dumps({"data": data, "type": "balancePlatform.transfer.updated", **envelope}).encode()
        return Message("notifications", body, {"Authorization": self.basic, "HmacSignature": self.mac(body, secret)})

    def paid_in(self, deposit: Deposit, amount: str = "") -> list[Message]:
        """AUTHORISATION."""
        item = self.item(deposit, "AUTHORISATION")
        if amount:
            item["amount"]["value"] = Money.parse(amount, deposit.currency).to_minor()
        return [self.batch(item)]

    def not_paid_in(self, deposit: Deposit) -> list[Message]:
        """AUTHORISATION without success."""
        return [self.batch(self.item(deposit, "AUTHORISATION", success="false"))]

    def paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Authorised, then booked."""
        return [self.transfer(withdrawal, "authorised"), self.transfer(withdrawal, "booked")]

    def not_paid_out(self, withdrawal: Withdrawal) -> list[Message]:
        """Failed."""
        return [self.transfer(withdrawal, "failed")]

    def returned(self, withdrawal: Withdrawal) -> list[Message]:
        """Returned."""
        return [self.transfer(withdrawal, "returned")]

    def unknown_word(self) -> Message:
        """An event code that the vendor may add."""
        return self.batch(self.item(None, "MOON_PHASE"))

    def tampered(self, message: Message) -> list[Message]:
        """Each signed field of an item, or a byte of a transfer."""
        body = json.loads(message.body)
        if "notificationItems" not in body:
            return [Message(message.path, message.body.replace(b'"reference"', b'"Reference"'), message.headers)]
        names = ("pspReference", "merchantReference", "originalReference", "eventCode", "success", "value", "currency")
        return [self.altered(message, name) for name in names]

    def altered(self, message: Message, name: str) -> Message:
        """One of the eight signed fields, the signature, or the password."""
        body = json.loads(message.body)
        item = body["notificationItems"][-1]["NotificationRequestItem"]
        headers = dict(message.headers)
        if name == "value":
            item["amount"]["value"] *= 100
        elif name == "currency":
            item["amount"]["currency"] = "USD"
        elif name == "signature":
            item["additionalData"]["hmacSignature"] = base64.b64encode(bytes(32)).decode()
        elif name == "no signature":
            del item["additionalData"]
        elif name == "password":
            headers["Authorization"] = "Basic " + base64.b64encode(b"adyen:guess").decode()
        else:
            item[name] = {"success": "false", "eventCode": "CAPTURE"}.get(name, f"{item.get(name, '')}1")
        return Message(message.path, json.dumps(body).encode(), headers)

    def unsigned(self, message: Message, name: str) -> Message:
        """What the HMAC of an item does not cover."""
        body = json.loads(message.body)
        item = body["notificationItems"][-1]["NotificationRequestItem"]
        if name == "live":
            body["live"] = "true"
        elif name == "operations":
            item["operations"] = ["CANCEL", "REFUND"]
        elif name in ("reason", "eventDate", "paymentMethod"):
            item[name] = "2099-01-01T00:00:00+01:00" if name == "eventDate" else "Refused"
        else:
            item["additionalData"][name] = "Lost"
        return Message(message.path, json.dumps(body).encode(), message.headers)

    def again(self, payment: Deposit, amount: str) -> Message:
        """A second AUTHORISATION of the same order."""
        value = {"value": Money.parse(amount, payment.currency).to_minor(), "currency": payment.currency}
        return self.batch(self.item(payment, "AUTHORISATION", amount=value))

    def in_currency(self, deposit: Deposit, currency: str) -> Message:
        """AUTHORISATION."""
        return self.batch(self.item(deposit, "AUTHORISATION", amount={"value": 100, "currency": currency}))

    def resigned(self, message: Message, secret: str) -> Message:
        """With another HMAC key."""
        body = json.loads(message.body)
        if "notificationItems" not in body:
            return Message(
                message.path, message.body, message.headers | {"HmacSignature": self.mac(message.body, secret)}
            )
        return self.batch(*[each["NotificationRequestItem"] for each in body["notificationItems"]], secret=secret)
