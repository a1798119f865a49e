"""Valkyrie's side of the PAM API 0.7.0: how he asks, and how answers are judged. Scenarios are in `valkyrie`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from apps.sandbox.conformance.scenarios import Reply, Seated, Side, encode, new_id, require

D = Decimal
_AT = "2026-11-25T10:00:00Z"


class ValkyrieSide(Side):
    """Asks what Valkyrie asks."""

    provider = "evolution"

    def call(
        self,
        method: str,
        path: str,
        token: str,
        *,
        body: Any = None,
        bearer: str | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one call with the bearer token and the player's."""
        headers = {
            "Authorization": f"Bearer {self.credentials['bearer_token'] if bearer is None else bearer}".strip(),
            "X-Player-Token": token,
            "X-Correlation-ID": new_id(),
        }
        asked = urlencode({"provider": self.provider} if query is None else query)
        raw = encode(body) if body is not None else b""
        return self.wire.send(method, f"{self.prefix}/players/{path}?{asked}", headers, raw)

    def session(self, token: str, method: str = "GET") -> Any:
        """Get or refresh the session."""
        return self.call(method, "session", token).json()

    def balance(self, player: Seated) -> Any:
        """Ask for the balance."""
        return self.call("GET", f"{player.user}/balance", player.token).json()

    def post(self, player: Seated, kind: str, tx: str, amount: str = "0", **changes: Any) -> Any:
        """Add a transaction; HTTP 200."""
        body = {
            "currency": player.currency,
            "provider": self.provider,
            "transactionType": kind,
            "cashAmount": D(amount),
            "bonusAmount": 0,
            "promoAmount": 0,
            "transactionDateTime": _AT,
            "providerTransactionId": tx,
            "providerGameId": self.game,
        } | changes
        body = {name: value for name, value in body.items() if value is not None}
        reply = self.call("POST", f"{player.user}/transactions", player.token, body=body)
        require("HTTP status", reply.status, 200)
        return reply.json()

    def transactions(self, player: Seated, **query: str) -> Any:
        """Look transactions up."""
        asked = {"provider": self.provider, **query}
        return self.call("GET", f"{player.user}/transactions", player.token, query=asked).json()

    def round(self, player: Seated, round_id: str) -> Any:
        """Look a round up."""
        return self.call("GET", f"{player.user}/gamerounds/{quote(round_id, safe='')}", player.token).json()


def ok(answer: Any, cash: str) -> str:
    """Require an accepted transaction and the cash after it; returns its id."""
    require("status", answer["status"], "OK")
    require("cashAmount", answer["transactionResult"]["balance"]["cashAmount"], D(cash))
    return str(answer["transactionResult"]["transactionId"])


def error(answer: Any, code: str, cash: str | None = "1000") -> None:
    """Require a refusal with its code and, where one is told, the cash that is still there."""
    require("status", answer["status"], "ERROR")
    require("code", answer["error"]["code"], f"PAM_ERR_{code}")
    require("a message", isinstance(answer["error"]["message"], str), True)
    if cash is not None:
        require("cashAmount", answer["transactionResult"]["balance"]["cashAmount"], D(cash))
