"""The simulated PaymentIQ: its cashier's calls to the operator, one after the other."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from apps.sandbox.models import SimulatedNotification
from apps.sandbox.psps.protocol import Call, Told, amount_text


class PaymentIqProtocol:
    """Authorize, then transfer or cancel. A refused authorize ends the payment; a transfer is repeated until taken."""

    title = "PaymentIQ"
    deposit_story = (Told("authorize"), Told("transfer"))
    refusal_story = (Told("authorize"), Told("cancel"))
    payout_stories: Mapping[str, tuple[Told, ...]] = {
        "paid": (Told("authorize"), Told("transfer")),
        "failed": (Told("authorize"), Told("cancel")),
        "returned": (Told("authorize"), Told("transfer")),
    }
    dispute_story = (Told("notification"),)

    def call(self, notification: SimulatedNotification) -> Call:
        """Write the call, with user name and password."""
        payment, word = notification.payment, notification.word
        secrets = payment.psp.secrets
        basic = base64.b64encode(f"{secrets['username']}:{secrets['password']}".encode()).decode()
        body = _dispute(notification) if word == "notification" else _movement(notification)
        return Call(word, json.dumps(body).encode(), {"Authorization": f"Basic {basic}"})

    def is_acknowledged(self, notification: SimulatedNotification, status: int, body: bytes) -> bool:
        """Any answer but to a transfer ends it; a transfer has to succeed."""
        try:
            answer = json.loads(body)
        except ValueError:
            return False
        is_success = isinstance(answer, dict) and answer.get("success") is True
        if notification.word == "authorize" and status == 200:  # noqa: PLR2004 - OK
            _note_authorization(notification, answer, is_success=is_success)
            return True
        return is_success


def _movement(notification: SimulatedNotification) -> dict[str, Any]:
    payment, word = notification.payment, notification.word
    sign, side = ("-", "Withdrawal") if payment.is_payout else ("", "Deposit")
    amount = sign + amount_text(payment)
    body: dict[str, Any] = {
        "userId": payment.user,
        "txAmount": amount,
        "txAmountCy": payment.currency,
        "txId": payment.number,
        # The documentation gives this number to several types: only the name tells them apart.
        "txTypeId": 101,
        "txName": f"Creditcard{side}",
        "provider": "Simulated",
        "accountId": payment.details.get("account", ""),
        "maskedAccount": payment.details.get("masked", ""),
        "attributes": {"orderId": payment.details.get("order", "")},
    }
    if word == "authorize":
        return body
    body["authCode"] = payment.details.get("authCode", "")
    if word == "transfer":
        body |= {"txPspAmount": amount, "txPspAmountCy": payment.currency, "fee": "0.00", "feeCy": payment.currency}
        body |= {"txRefId": f"{payment.psp.secrets['merchant_id']}A{payment.number}", "feeMode": "A"}
        return body
    return body | {"statusCode": "CANCELLED", "pspStatusMessage": "Given up by the player"}


def _dispute(notification: SimulatedNotification) -> dict[str, Any]:
    payment = notification.payment
    return {
        "txTypeId": 971,
        "txName": "DisputeFiled",
        "txRefId": f"{payment.psp.secrets['merchant_id']}D{payment.number}",
        "originTxId": payment.number,
        "userId": payment.user,
        "provider": "Simulated",
    }


def _note_authorization(notification: SimulatedNotification, answer: Any, *, is_success: bool) -> None:
    payment = notification.payment
    if is_success:
        payment.details["authCode"] = str(answer.get("authCode", ""))
    else:
        # Refused: nothing is paid, and nothing more is told.
        payment.state = payment.State.FAILED
        payment.notifications.filter(pk__gt=notification.pk).delete()
    payment.save(update_fields=["details", "state"])
