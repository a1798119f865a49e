"""The simulated CryptoProcessing: callbacks about deposits and withdrawals on an invented chain."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apps.sandbox.models import SimulatedNotification, SimulatedPayment, SimulatedPsp
from apps.sandbox.psps.protocol import Call, Told

_FEE = Decimal("0.008")
_DIGITS = Decimal("0.00000001")


class CryptoProtocol:
    """Callbacks with an HMAC over the raw body, acknowledged by a bare 200."""

    title = "CryptoProcessing"
    deposit_story = (Told("not_confirmed", {"confirmations": 0}), Told("confirmed", {"confirmations": "3"}))
    refusal_story = (Told("cancelled", {"confirmations": 0}),)
    payout_stories: Mapping[str, tuple[Told, ...]] = {
        "paid": (Told("processing"), Told("confirmed")),
        "failed": (Told("processing"), Told("failed", {"error": "Network rejected the transaction"})),
        # A chain gives nothing back.
        "returned": (Told("processing"), Told("confirmed")),
    }
    dispute_story = ()

    def call(self, notification: SimulatedNotification) -> Call:
        """Write and sign the callback."""
        secrets = notification.payment.psp.secrets
        body = json.dumps(_callback(notification)).encode()
        signature = sign(secrets["secret"], body)
        return Call("callback", body, {"X-Processing-Key": secrets["key"], "X-Processing-Signature": signature})

    def is_acknowledged(self, notification: SimulatedNotification, status: int, body: bytes) -> bool:  # noqa: ARG002
        """HTTP 200 and nothing else."""
        return status == 200  # noqa: PLR2004 - OK


def sign(secret: str, body: bytes) -> str:
    """HMAC-SHA512 of the exact body in lower-case hex."""
    return hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()


def is_from_platform(psp: SimulatedPsp, key: str, signature: str, body: bytes) -> bool:
    """Check a call of the platform's."""
    return key == psp.secrets["key"] and hmac.compare_digest(sign(psp.secrets["secret"], body), signature)


def address_of(payment: SimulatedPayment) -> str:
    """An address that no chain has, the same for the same order."""
    return "sim1q" + hashlib.sha256(f"{payment.psp_id}/{payment.pk}".encode()).hexdigest()[:34]


def _callback(notification: SimulatedNotification) -> dict[str, Any]:
    payment, facts = notification.payment, notification.facts
    amount = payment.amount.quantize(_DIGITS)
    fee = (amount * _FEE).quantize(_DIGITS)
    kind = "withdrawal" if payment.is_payout else "deposit"
    address = payment.details.get("address") or address_of(payment)
    chain = {
        "currency": payment.currency,
        "transaction_type": "blockchain",
        "type": kind,
        "address": address,
        "tag": None,
    }
    chain |= {"id": 900_000 + payment.pk, "amount": f"{amount:f}", "txid": hashlib.sha256(address.encode()).hexdigest()}
    chain |= {"riskscore": "0.2", "confirmations": facts.get("confirmations", 1)}
    callback: dict[str, Any] = {
        "id": int(payment.number),
        "end_user_reference": payment.user,
        "type": kind,
        "transactions": [chain],
        "fees": [{"type": kind, "currency": payment.currency, "amount": f"{fee:f}"}],
        "error": facts.get("error", ""),
        "status": notification.word,
    }
    money = {"currency": payment.currency, "amount": f"{amount:f}"}
    if payment.is_payout:
        return callback | {"foreign_id": payment.reference, "currency_sent": money, "currency_received": money}
    received = money | {"amount_minus_fee": f"{amount - fee:f}"}
    owner = {
        "id": payment.pk,
        "currency": payment.currency,
        "address": address,
        "foreign_id": payment.reference,
        "tag": None,
    }
    return callback | {"crypto_address": owner, "currency_sent": money, "currency_received": received}
