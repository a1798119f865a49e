"""A vendor of the Hub88 family as the platform sees him: signs, calls, and knows what he sent."""

import base64
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.test import Client

VECTORS = json.loads((Path(__file__).parent.parent / "fixtures/vectors/game-providers.json").read_text())["protocols"]
HUB88_KEY = VECTORS["hub88"]["keys"]["demo"]["private_key_pem"]
HUB88_PUBLIC_KEY = VECTORS["hub88"]["keys"]["demo"]["public_key_pem"]

PATHS = {
    "hub88": {
        "balance": "user/balance",
        "bet": "transaction/bet",
        "win": "transaction/win",
        "rollback": "transaction/rollback",
        "info": "user/info",
    },
    "caleta": {
        "balance": "wallet/balance",
        "bet": "wallet/bet",
        "win": "wallet/win",
        "rollback": "wallet/rollback",
        "check": "wallet/check",
    },
}
HEADERS = {"hub88": "X-Hub88-Signature", "caleta": "X-Auth-Signature"}
UNIT = 100_000
GAME = "SomeSlotGame"


def signature(private_key_pem: str, body: bytes) -> str:
    """Sign with `cryptography` directly: an implementation beside the platform's own."""
    return base64.b64encode(_loaded(private_key_pem).sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()


@cache
def _loaded(private_key_pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(private_key_pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


@dataclass
class Vendor:
    """One vendor with one seated player."""

    name: str
    client: Client
    currency: str = "EUR"
    slug: str = ""
    token: str = ""
    user: str = ""
    key: str = HUB88_KEY
    sent: list[dict[str, Any]] = field(default_factory=list)

    def sit(self, cash: str = "1000", promo: str = "10", **more: Any) -> None:
        """Seat a fresh player through the sandbox."""
        self.sandbox(userId=more.pop("userId", None), cashAmount=float(cash), promoAmount=float(promo), **more)

    def sandbox(self, **body: Any) -> None:
        """Call POST /sandbox/session and take over token and user."""
        request = {"provider": self.slug or self.name, "currency": self.currency, "gameId": GAME} | body
        request = {name: value for name, value in request.items() if value is not None}
        reply = self.client.post("/sandbox/session", data=request, content_type="application/json")
        assert reply.status_code == 200, reply.content
        self.token, self.user = reply.json()["result"]["token"], reply.json()["result"]["userId"]

    def send(self, path: str, body: bytes, signed: str | None = None) -> Any:
        """Post raw bytes with a signature (ours unless given) and return Django's response."""
        header = {HEADERS[self.name]: signature(self.key, body) if signed is None else signed}
        url = f"/providers/{self.slug or self.name}/{path}"
        return self.client.post(url, data=body, content_type="application/json", headers=header)

    def call(self, verb: str, **fields: Any) -> dict[str, Any]:
        """Send one call and return the decoded reply; HTTP 200 unless the verb is check."""
        body = self._body(verb) | fields
        body = {name: value for name, value in body.items() if value is not ...}
        self.sent.append(body)
        reply = self.send(PATHS[self.name][verb], json.dumps(body).encode())
        assert reply.status_code == 200, (reply.status_code, reply.content)
        decoded: dict[str, Any] = reply.json()
        if verb != "check":
            assert decoded["request_uuid"] == body["request_uuid"]
        return decoded

    def bet(self, amount: int = UNIT, **fields: Any) -> dict[str, Any]:
        """Place a bet of amount × 10^-5."""
        return self.call("bet", amount=amount, **fields)

    def win(self, reference: str, amount: int = UNIT, **fields: Any) -> dict[str, Any]:
        """Pay a win for a bet."""
        return self.call("win", reference_transaction_uuid=reference, amount=amount, **fields)

    def rollback(self, reference: str, **fields: Any) -> dict[str, Any]:
        """Roll a bet back."""
        return self.call("rollback", reference_transaction_uuid=reference, **fields)

    def balances(self) -> dict[str, str]:
        """Balances of the player's buckets, from the sandbox's own view."""
        found: dict[str, str] = self.statement()["balances"][self.currency]
        return found

    def statement(self) -> dict[str, Any]:
        """Everything the sandbox says about the player."""
        reply: dict[str, Any] = self.client.get(f"/sandbox/players/{self.user}").json()
        return reply

    def _body(self, verb: str) -> dict[str, Any]:
        body: dict[str, Any] = {"token": self.token, "request_uuid": str(uuid4()), "game_code": GAME}
        if verb == "check":
            return {"token": self.token}
        if verb == "info":
            return {"user": self.user, "request_uuid": str(uuid4())}
        if self.name == "hub88" or verb == "rollback":
            body["user"] = self.user
        if verb == "balance":
            return body | {"supplier_user": self.user}
        body |= {"transaction_uuid": str(uuid4()), "round": str(uuid4()), "round_closed": False}
        if verb != "rollback":
            body |= {"currency": self.currency, "is_free": False, "supplier_user": self.user}
        return body
