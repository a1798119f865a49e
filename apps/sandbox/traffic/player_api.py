"""The player API as a frontend uses it: log in, list games, open one. HTTP only."""

import zlib
from typing import Any
from uuid import uuid4

import httpx2

_TIMEOUT_SECONDS = 10.0


class Refused(Exception):
    """The API refused, or did not answer at all (status 0)."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


def _address_of(username: str) -> str:
    number = zlib.crc32(username.encode())
    return f"127.{1 + number % 254}.{number // 254 % 256}.{1 + number // 65024 % 254}"


class PlayerApi:
    """One platform's player API. Safe to share between threads."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._client = httpx2.Client(timeout=_TIMEOUT_SECONDS, trust_env=False)

    def log_in(self, *, username: str, password: str, brand: str) -> str:
        """
        Return a session's bearer token. Each player logs in from an address of the loopback network of his own, where
        there are such: rules that look for people sharing one would take all of the demo for a single household.

        :raises Refused: with the problem's code
        """
        body = {"username": username, "password": password, "brand": brand}
        at_home = httpx2.HTTPTransport(local_address=_address_of(username))
        with httpx2.Client(timeout=_TIMEOUT_SECONDS, trust_env=False, transport=at_home) as client:
            try:
                token: str = self._call("POST", "/api/v1/sessions", body=body, client=client)["token"]
            except Refused as refusal:
                if refusal.status:
                    raise
                # Not every system answers to all of 127.0.0.0/8.
                token = self._call("POST", "/api/v1/sessions", body=body)["token"]
        return token

    def me(self, token: str) -> dict[str, Any]:
        """The player's own profile."""
        return self._call("GET", "/api/v1/me", token=token)

    def games(self, token: str) -> list[str]:
        """Codes of the games that the player may play here and now, first page."""
        return [game["code"] for game in self._call("GET", "/api/v1/games", token=token)["results"]]

    def launch(self, token: str, code: str) -> str:
        """Open a game for real money and return the address of its client."""
        body = {"mode": "real", "platform": "desktop"}
        url: str = self._call("POST", f"/api/v1/games/{code}/launch", token=token, body=body)["url"]
        return url

    def top_up(self, *, provider: str, user: str, currency: str, cash: int) -> None:
        """Ask the sandbox for test money; it keeps the bonus balance."""
        body = {"provider": provider, "userId": user, "currency": currency, "cashAmount": cash}
        self._call("POST", "/sandbox/session", body=body)

    def deposit(self, token: str, *, amount: str, currency: str, method: str, integration: str) -> dict[str, Any]:
        """Start a deposit; its `next` says where to pay."""
        money = {"amount": amount, "currency": currency}
        body = {"amount": money, "method": method, "integration": integration}
        return self._call("POST", "/api/v1/deposits", token=token, body=body)

    def deposit_state(self, token: str, deposit: str) -> str:
        """Where a deposit stands."""
        return str(self._call("GET", f"/api/v1/deposits/{deposit}", token=token)["state"])

    def instruments(self, token: str, method: str) -> list[str]:
        """Ids of the player's instruments of a method."""
        rows = self._call("GET", "/api/v1/instruments", token=token)["results"]
        return [row["id"] for row in rows if row["method"] == method]

    def withdraw(self, token: str, *, amount: str, currency: str, instrument: str) -> str:
        """Ask for a withdrawal; returns its id."""
        body = {"amount": {"amount": amount, "currency": currency}, "instrument": instrument}
        return str(self._call("POST", "/api/v1/withdrawals", token=token, body=body)["id"])

    def withdrawal_state(self, token: str, withdrawal: str) -> str:
        """Where a withdrawal stands, as its player is told."""
        return str(self._call("GET", f"/api/v1/withdrawals/{withdrawal}", token=token)["state"])

    def press(self, page: str, act: str) -> None:
        """Press a button of a simulated provider's page."""
        self._post_form(f"{page}/act", {"act": act})

    def set_payouts(self, psp: str, **faults: str) -> None:
        """Turn the dials of a simulated provider; without any, everything goes well."""
        self._post_form(f"{self._base_url}/sandbox/vendors/psps/{psp}/faults", faults)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post_form(self, url: str, form: dict[str, str]) -> None:
        try:
            response = self._client.post(url, data=form)
        except httpx2.TransportError as error:
            raise Refused(0, type(error).__name__) from error
        if response.status_code >= 400:  # noqa: PLR2004 - a refusal in HTTP
            raise Refused(response.status_code, url)

    def _call(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        body: dict[str, Any] | None = None,
        client: httpx2.Client | None = None,
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if method == "POST":
            headers["Idempotency-Key"] = f'"{uuid4()}"'
        try:
            response = (client or self._client).request(method, self._base_url + path, headers=headers, json=body)
            document = response.json()
        except (httpx2.TransportError, ValueError) as error:
            raise Refused(0, type(error).__name__) from error
        if not isinstance(document, dict):
            raise Refused(response.status_code, "not-an-object")
        if not response.is_success:
            raise Refused(response.status_code, str(document.get("code", "")))
        return document
