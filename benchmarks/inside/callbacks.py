"""Deposits that wait for their provider's word, that word signed and ready for the wire, and the proof afterwards."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.db.models import Count, Max, Min

from apps.core.ids import uuid7
from apps.core.money import Money
from apps.integrations.credentials import add_credential
from apps.integrations.models import Credential, InboundEvent, Integration
from apps.payments.adapters.adyen.signature import item_signature
from apps.payments.adapters.exact_json import read_object
from apps.payments.adapters.trustly.signature import sign
from apps.payments.models import Attempt, Deposit, PaymentMethod
from apps.payments.operations.references import key_of
from apps.players.models import Player
from apps.safer_play.models import DepositUse
from apps.transactions.books import check_books
from apps.transactions.models import Transaction

SECRET, CURRENCY, AMOUNT = "ab" * 32, "EUR", "10.00"
_BASIC = "Basic " + base64.b64encode(b"bench:bench").decode()


def run(*, step: str, vendor: str, count: int = 0, path: str = "") -> dict[str, Any]:
    """Do one step in a process of its own."""
    return _prepare(vendor, count, Path(path)) if step == "prepare" else _look(vendor, is_proof=step == "prove")


def _prepare(vendor: str, count: int, path: Path) -> dict[str, Any]:
    now = datetime.now(UTC)
    pem = generate_private_key(public_exponent=65537, key_size=2048)
    private = pem.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = pem.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    psp = Integration.objects.create(
        slug=vendor, name=vendor, vendor=vendor, kind=Integration.Kind.PAYMENTS, brand_code="bench",
        options={"merchant_account": "Bench"},
    )  # fmt: skip
    secrets = {
        "trustly": (("verify_inbound", "", public), ("sign_outbound", "", private)),
        "adyen": tuple(
            ("verify_inbound", name, value.encode())
            for name, value in (("hmac_key_hex", SECRET), ("username", "bench"), ("password", "bench"))
        ),
        "cryptoprocessing": (("verify_inbound", "key", b"bench"), ("verify_inbound", "secret", SECRET.encode())),
    }
    for purpose, name, secret in secrets[vendor]:
        add_credential(
            integration=psp, purpose=Credential.Purpose(purpose), name=name, secret=secret, actor=None, now=now
        )
    keys = _deposits(psp, count, now)
    requests = [_signed(vendor, key, number, private) for number, key in enumerate(keys, start=1)]
    path.write_text("\n".join(json.dumps(request) for request in requests))
    return {"deposits": len(keys)}


def _deposits(psp: Integration, count: int, now: datetime) -> list[str]:
    """Deposits of many players, each accepted by the provider."""
    method, _ = PaymentMethod.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    players = list(Player.objects.order_by("pk").values_list("pk", "brand_id")[:count])
    made = Deposit.objects.bulk_create(
        Deposit(
            public_id=uuid7(), player_id=players[n % len(players)][0], brand_id=players[n % len(players)][1],
            currency=CURRENCY, amount_units=Money.parse(AMOUNT, CURRENCY).units, method=method, integration=psp,
            created_at=now, changed_at=now, expires_at=now + timedelta(days=1),
        )
        for n in range(count)
    )  # fmt: skip
    Attempt.objects.bulk_create(
        Attempt(
            deposit=deposit, integration=psp, number=1, key=key_of(deposit, 1), state=Attempt.State.ACCEPTED,
            started_at=now,
        )
        for deposit in made
    )  # fmt: skip
    DepositUse.objects.bulk_create(
        DepositUse(
            deposit_key=str(deposit.public_id), player_id=deposit.player_id, currency=CURRENCY,
            units=deposit.amount_units, reserved_at=now,
        )
        for deposit in made
    )  # fmt: skip
    return [key_of(deposit, 1) for deposit in made]


def _signed(vendor: str, key: str, number: int, private: bytes) -> dict[str, Any]:
    """One callback as its vendor would send it."""
    if vendor == "trustly":
        data = {"notificationid": str(number), "messageid": key, "orderid": str(number), "enduserid": "1"}
        data |= {"amount": AMOUNT, "currency": CURRENCY, "timestamp": "2026-01-01 00:00:00+00"}
        uuid = str(uuid4())
        signature = sign(private, method="credit", uuid=uuid, data=data)
        body = {"method": "credit", "params": {"signature": signature, "uuid": uuid, "data": data}, "version": "1.1"}
        return {"path": "notifications", "body": json.dumps(body), "headers": {}}
    if vendor == "adyen":
        item: dict[str, Any] = {"pspReference": f"P{number:015d}", "merchantReference": key, "success": "true"}
        item |= {"merchantAccountCode": "Bench", "eventCode": "AUTHORISATION"}
        item["amount"] = {"value": Money.parse(AMOUNT, CURRENCY).to_minor(), "currency": CURRENCY}
        item["additionalData"] = {
            "hmacSignature": item_signature(SECRET.encode(), read_object(json.dumps(item).encode()))
        }
        batch = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
        return {"path": "notifications", "body": json.dumps(batch), "headers": {"Authorization": _BASIC}}
    money = {"currency": CURRENCY, "amount": AMOUNT}
    told: dict[str, Any] = {"id": number, "type": "deposit", "status": "confirmed"}
    told |= {
        "crypto_address": {"foreign_id": key},
        "currency_received": money,
        "transactions": [{"id": number}],
        "error": "",
    }
    text = json.dumps(told)
    mac = hmac.new(SECRET.encode(), text.encode(), hashlib.sha512).hexdigest()
    return {"path": "callback", "body": text, "headers": {"X-Processing-Key": "bench", "X-Processing-Signature": mac}}


def _look(vendor: str, *, is_proof: bool) -> dict[str, Any]:
    events = InboundEvent.objects.filter(integration__slug=vendor)
    times = events.aggregate(first=Min("received_at"), last=Max("processed_at"))
    found: dict[str, Any] = {
        "states": dict(events.values_list("state").annotate(count=Count("id"))),
        "seconds": (times["last"] - times["first"]).total_seconds() if times["last"] else 0.0,
    }
    if is_proof:
        psp = Integration.objects.get(slug=vendor)
        found |= {
            "settled": Deposit.objects.filter(integration__slug=vendor, state="settled").count(),
            "posted": Transaction.objects.filter(kind="deposit", integration_id=psp.pk).count(),
            "breaks": [str(each) for each in check_books()],
        }
    return found
