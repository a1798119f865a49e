"""The simulated Trustly: what it signs, what it tells, what it makes of an answer. From the vendor's documents."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from apps.sandbox.models import SimulatedNotification, SimulatedPayment, SimulatedPsp
from apps.sandbox.psps.protocol import Call, Told, amount_text


class TrustlyProtocol:
    """Signed JSON-RPC notifications, repeated until a signed OK comes back."""

    title = "Trustly"
    deposit_story = (Told("account"), Told("pending"), Told("credit"))
    refusal_story = (Told("cancel"),)
    payout_stories: Mapping[str, tuple[Told, ...]] = {
        "paid": (Told("payoutconfirmation"),),
        "failed": (Told("payoutfailed"),),
        "returned": (Told("payoutconfirmation"), Told("credit")),
    }
    dispute_story = (Told("debit"),)

    def call(self, notification: SimulatedNotification) -> Call:
        """Write and sign the notification; repeated, it is the same to the byte."""
        payment = notification.payment
        data: dict[str, Any] = {
            "notificationid": str(7_000_000_000 + notification.pk),
            "messageid": payment.reference,
            "orderid": payment.number,
            "enduserid": payment.user,
            "timestamp": notification.payment.opened_at.isoformat(sep=" "),
            "attributes": {},
        }
        if notification.word == "account":
            data |= {"accountid": account_id(payment.user), "verified": "1", "attributes": _account(payment)}
        if notification.word in {"pending", "credit", "debit"}:
            data |= {"amount": amount_text(payment), "currency": payment.currency}
        uuid = str(uuid5(NAMESPACE_URL, f"trustly/{notification.pk}"))
        key = payment.psp.secrets["private_key_pem"]
        params = {"signature": sign(key, notification.word, uuid, data), "uuid": uuid, "data": data}
        body = json.dumps({"method": notification.word, "params": params, "version": "1.1"}).encode()
        return Call("notifications", body)

    def is_acknowledged(self, notification: SimulatedNotification, status: int, body: bytes) -> bool:
        """Believe only a signed OK to this very notification."""
        try:
            result = json.loads(body)["result"]
            signed = (result["method"], result["uuid"], result["data"])
        except (ValueError, KeyError, TypeError):
            return False
        key = notification.payment.psp.secrets["platform_key_pem"]
        is_ok = isinstance(signed[2], dict) and signed[2].get("status") == "OK"
        return status == 200 and is_ok and is_signed(key, result.get("signature", ""), *signed)  # noqa: PLR2004 - OK


def account_id(user: str) -> str:
    """The id of a person's bank account: one for each person."""
    return str(1_000_000_000 + int.from_bytes(hashlib.sha256(user.encode()).digest()[:4]))


def _account(payment: SimulatedPayment) -> dict[str, str]:
    digits = account_id(payment.user)[-4:]
    return {
        "clearinghouse": "FINLAND", "bank": "Nordea", "descriptor": f"****{digits}", "lastdigits": digits,
        "name": str(payment.details.get("holder", "")), "directdebitmandate": "0",
    }  # fmt: skip


def sign(private_pem: str, method: str, uuid: str, data: Any) -> str:
    """Sign as the vendor's clients do: RSA with SHA-1 over method, uuid and the serialised data."""
    key = serialization.load_pem_private_key(private_pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("not an RSA key")
    raw = key.sign(f"{method}{uuid}{_serialised(data)}".encode(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    return base64.b64encode(raw).decode()


def is_signed(public_pem: str, signature: str, method: str, uuid: str, data: Any) -> bool:
    """Tell whether the platform signed this."""
    key = serialization.load_pem_public_key(public_pem.encode())
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("not an RSA key")
    try:
        raw, text = base64.b64decode(signature, validate=True), f"{method}{uuid}{_serialised(data)}".encode()
        key.verify(raw, text, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - the protocol's
    except (InvalidSignature, ValueError):
        return False
    return True


def answer(psp: SimulatedPsp, method: str, uuid: str, data: Any) -> dict[str, Any]:
    """Write a signed answer to one of the platform's calls."""
    signature = sign(psp.secrets["private_key_pem"], method, uuid, data)
    return {"version": "1.1", "result": {"signature": signature, "uuid": uuid, "method": method, "data": data}}


def error(psp: SimulatedPsp, method: str, uuid: str, code: int, message: str) -> dict[str, Any]:
    """Write a signed error."""
    data = {"code": code, "message": message}
    signed = {"signature": sign(psp.secrets["private_key_pem"], method, uuid, data), "uuid": uuid, "method": method}
    outer = {"name": "JSONRPCError", "code": code, "message": message, "error": {**signed, "data": data}}
    return {"version": "1.1", "error": outer}


def _serialised(node: Any) -> str:
    if isinstance(node, dict):
        return "".join(f"{name}{_serialised(node[name])}" for name in sorted(node))
    if isinstance(node, list):
        return "".join(map(_serialised, node))
    return "" if node is None else str(node)
