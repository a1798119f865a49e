"""The player API as a frontend uses it: log in, list games, open one. HTTP only."""

from typing import Any

import httpx2

_TIMEOUT_SECONDS = 10.0


class Refused(Exception):
    """The API refused, or did not answer at all (status 0)."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class PlayerApi:
    """One platform's player API. Safe to share between threads."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._client = httpx2.Client(timeout=_TIMEOUT_SECONDS, trust_env=False)

    def log_in(self, *, username: str, password: str, brand: str) -> str:
        """
        Return a session's bearer token.

        :raises Refused: with the problem's code
        """
        body = {"username": username, "password": password, "brand": brand}
        token: str = self._call("POST", "/api/v1/sessions", body=body)["token"]
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

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(self, method: str, path: str, *, token: str = "", body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            response = self._client.request(method, self._base_url + path, headers=headers, json=body)
            document = response.json()
        except (httpx2.TransportError, ValueError) as error:
            raise Refused(0, type(error).__name__) from error
        if not isinstance(document, dict):
            raise Refused(response.status_code, "not-an-object")
        if not response.is_success:
            raise Refused(response.status_code, str(document.get("code", "")))
        return document
