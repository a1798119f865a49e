"""The simulated Adyen: notification items with an HMAC each, and transfer webhooks with one over the body."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apps.sandbox.models import SimulatedNotification, SimulatedPayment, SimulatedPsp
from apps.sandbox.psps.protocol import Call, Told

_EXPONENTS = {"JPY": 0, "KRW": 0, "IDR": 0, "CVE": 0, "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3}


class AdyenProtocol:
    """Classic notifications for deposits and disputes, balance-platform webhooks for payouts."""

    title = "Adyen"
    deposit_story = (
        Told("AUTHORISATION", {"success": "true"}),
        # The card was stored with the payment: the token is this notification's own reference.
        Told("RECURRING_CONTRACT", {"success": "true"}),
    )
    refusal_story = (Told("AUTHORISATION", {"success": "false"}),)
    payout_stories: Mapping[str, tuple[Told, ...]] = {
        "paid": (Told("transfer", {"status": "authorised"}), Told("transfer", {"status": "booked"})),
        "failed": (Told("transfer", {"status": "failed", "reason": "counterpartyAccountClosed"}),),
        "returned": (Told("transfer", {"status": "booked"}), Told("transfer", {"status": "returned"})),
    }
    dispute_story = (
        Told("NOTIFICATION_OF_CHARGEBACK", {"success": "true", "additional": {"chargebackReasonCode": "10.4"}}),
        Told("CHARGEBACK", {"success": "true", "additional": {"chargebackReasonCode": "10.4"}}),
    )

    def call(self, notification: SimulatedNotification) -> Call:
        """Write and sign the webhook, with user name and password."""
        secrets = notification.payment.psp.secrets
        basic = base64.b64encode(f"{secrets['username']}:{secrets['password']}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        if notification.word == "transfer":
            body = json.dumps(_transfer(notification)).encode()
            return Call("notifications", body, headers | {"HmacSignature": _hmac(secrets["hmac_key_hex"], body)})
        item = _item(notification)
        item["additionalData"] = {
            "hmacSignature": _hmac(secrets["hmac_key_hex"], _signed_text(item).encode()),
            **notification.facts.get("additional", {}),
        }
        batch = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
        return Call("notifications", json.dumps(batch).encode(), headers)

    def is_acknowledged(self, notification: SimulatedNotification, status: int, body: bytes) -> bool:  # noqa: ARG002
        """Any 2xx will do."""
        return status in range(200, 300)


def psp_reference(payment: SimulatedPayment, word: str = "") -> str:
    """Sixteen letters and digits, the same for the same event."""
    return hashlib.sha256(f"{payment.psp_id}/{payment.pk}/{word}".encode()).hexdigest()[:16].upper()


def stored_token(payment: SimulatedPayment) -> str:
    """The token under which a shopper's card is stored: one card for each shopper and currency."""
    text = f"stored/{payment.psp_id}/{payment.user}/{payment.currency}"
    return hashlib.sha256(text.encode()).hexdigest()[:16].upper()


def transfer_document(payment: SimulatedPayment, status: str, reason: str = "") -> dict[str, Any]:
    """One transfer as API and webhooks show it."""
    document = {
        "id": psp_reference(payment),
        "status": status,
        "amount": {"value": minor_units(payment.amount, payment.currency), "currency": payment.currency},
        "reference": payment.reference,
    }
    return document | ({"reason": reason} if reason else {})


def minor_units(amount: Decimal, currency: str) -> int:
    """Count in Adyen's minor units."""
    return int(amount.scaleb(_EXPONENTS.get(currency, 2)))


def main_units(value: int, currency: str) -> Decimal:
    """Read Adyen's minor units."""
    return Decimal(value).scaleb(-_EXPONENTS.get(currency, 2))


def is_from_platform(psp: SimulatedPsp, api_key: str) -> bool:
    """Check the platform's API key."""
    return hmac.compare_digest(str(psp.secrets["api_key"]).encode(), api_key.encode())


def _transfer(notification: SimulatedNotification) -> dict[str, Any]:
    facts, payment = notification.facts, notification.payment
    data = transfer_document(payment, facts["status"], facts.get("reason", ""))
    return {"data": data, "environment": "test", "type": "balancePlatform.transfer.updated"}


def _item(notification: SimulatedNotification) -> dict[str, Any]:
    payment, word = notification.payment, notification.word
    is_first = word == "AUTHORISATION"
    own = {"AUTHORISATION": "", "RECURRING_CONTRACT": None}.get(word, "dispute")
    if word == "REFUND":
        own = notification.facts["reference"]
    item: dict[str, Any] = {
        "pspReference": stored_token(payment) if own is None else psp_reference(payment, own),
        "merchantReference": notification.facts.get("reference", payment.reference),
        "merchantAccountCode": payment.psp.secrets["merchant_account"],
        "amount": {"value": _value(notification), "currency": payment.currency},
        "eventCode": word,
        "eventDate": payment.opened_at.isoformat(),
        "success": notification.facts["success"],
        "paymentMethod": "visa",
        "reason": "Fraudulent transaction" if own == "dispute" else "",
    }
    return item if is_first else {**item, "originalReference": psp_reference(payment)}


def _value(notification: SimulatedNotification) -> int:
    if notification.word == "RECURRING_CONTRACT":
        return 0
    found: int | None = notification.facts.get("value")
    return minor_units(notification.payment.amount, notification.payment.currency) if found is None else found


def _signed_text(item: Mapping[str, Any]) -> str:
    names = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")
    amount = item["amount"]
    texts = [str(item.get(name, "")) for name in names]
    return ":".join([*texts, str(amount["value"]), amount["currency"], item["eventCode"], item["success"]])


def _hmac(hex_key: str, data: bytes) -> str:
    return base64.b64encode(hmac.new(bytes.fromhex(hex_key), data, hashlib.sha256).digest()).decode()
