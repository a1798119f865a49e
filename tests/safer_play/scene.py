"""A player under one jurisdiction's law, who plays over HTTP; policies as the platform ships them."""

import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management import call_command
from django.test import Client

from apps.brands.models import Brand, Jurisdiction
from apps.compliance.policies import forget_policies
from apps.core import clock
from apps.core.money import Money
from apps.players.caller import Caller
from apps.players.models import Player, PlayerSession
from apps.players.operations.sessions import open_session
from apps.safer_play.limit_terms import Terms
from apps.safer_play.limits import LimitChange, set_limit
from tests.contracts.family import UNIT, Vendor
from tests.factories.games import make_player
from tests.providers.table import GAME, seated

ZONES = {
    "MT": "Europe/Malta",
    "SE": "Europe/Stockholm",
    "GB": "Europe/London",
    "DE": "Europe/Berlin",
    "NL": "Europe/Amsterdam",
    "CA-ON": "America/Toronto",
    "ES": "Europe/Madrid",
}
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def load_policies() -> None:
    """Publish the matrix that the platform ships."""
    for code, zone in ZONES.items():
        Jurisdiction.objects.update_or_create(code=code, defaults={"name": code, "timezone": zone})
    call_command("load_policies", apply=True, stdout=io.StringIO())
    forget_policies()


def player_in(law: str, *, currency: str = "EUR", age: int = 36, username: str = "astrid", **fields: Any) -> Player:
    """Make a player under that law, of that age today, with 1 000 in cash."""
    born = date(NOW.year - age, 1, 2)
    player = make_player(username, cash="1000", currency=currency, jurisdiction_id=law, birth_date=born, **fields)
    return Player.objects.select_related("brand", "jurisdiction").get(pk=player.pk)


def limit(
    player: Player, kind: str, amount: str | None, period: str = "", *, now: datetime | None = None, **terms: Any
) -> LimitChange:
    """Set one of the player's limits; an amount of None removes it."""
    currency = terms.pop("currency", player.currency)
    money = None if amount is None else Money.parse(amount, currency)
    return set_limit(
        player_id=player.pk,
        terms=Terms(kind=kind, period=period, money=money, currency=currency, **terms),
        now=now or clock.now(),
    )


@dataclass
class Frontend:
    """A player's browser."""

    session: PlayerSession
    client: Client

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call the player API."""
        send = getattr(self.client, method)
        if method == "get":
            return send(f"/api/v1/{path}")
        return send(f"/api/v1/{path}", data=body or {}, content_type="application/json", headers=headers)

    def put_limit(self, **body: Any) -> Any:
        """PUT limits."""
        return self.call("put", "limits", body)


def frontend_of(player: Player, *, at: datetime | None = None) -> Frontend:
    """Log the player in."""
    at = at or clock.now() - timedelta(seconds=1)
    session, token = open_session(player=player, caller=Caller("203.0.113.7"), now=at)
    return Frontend(session, Client(headers={"Authorization": f"Bearer {token}"}))


def euros(amount: str) -> dict[str, str]:
    """As the API writes it."""
    return {"amount": amount, "currency": "EUR"}


def bet(vendor: Vendor, amount: float, round_ref: str, **fields: Any) -> str:
    """Bet; the vendor's own word for what became of it."""
    reply = vendor.bet(round(amount * UNIT), round=round_ref, **GAME, **fields)
    return str(reply["status"])


def win(vendor: Vendor, amount: float, **fields: Any) -> str:
    """Pay a win for the bet sent last."""
    sent = vendor.sent[-1]
    reply = vendor.win(sent["transaction_uuid"], round(amount * UNIT), round=sent["round"], **GAME, **fields)
    return str(reply["status"])


def brand_of(player: Player) -> Brand:
    """The player's brand."""
    return player.brand


__all__ = ["seated"]
