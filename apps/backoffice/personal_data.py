"""Personal data is masked until somebody says why they need it; each look is recorded, and lasts ten minutes."""

from datetime import datetime, timedelta
from typing import Any, cast

from django.http import HttpRequest

from apps.backoffice.models import PersonalDataRead
from apps.core.admin_display import NOTHING, masked_email, masked_text
from apps.core.client_address import client_address
from apps.core.request_context import current_request_id
from apps.players.models import Player

LASTS = timedelta(minutes=10)
_GRANTS = "unmasked_players"
_FIELDS = ("first_name", "last_name", "email", "phone", "birth_date", "street", "city", "postcode")


def unmask(request: HttpRequest, player: Player, *, purpose: str, now: datetime) -> None:
    """Let this session see a player's personal data for ten minutes, and record who looks and why."""
    PersonalDataRead.objects.create(
        user=cast("Any", request.user),
        player=player,
        purpose=purpose,
        remote_address=client_address(request),
        request_id=current_request_id(),
        read_at=now,
    )
    grants: dict[str, str] = request.session.get(_GRANTS, {})
    alive = {pk: until for pk, until in grants.items() if datetime.fromisoformat(until) > now}
    request.session[_GRANTS] = {**alive, str(player.pk): (now + LASTS).isoformat()}


def is_unmasked(request: HttpRequest, player: Player, *, now: datetime) -> bool:
    """Say whether this session may see the player's personal data at this moment."""
    until = request.session.get(_GRANTS, {}).get(str(player.pk))
    allowed = request.user.has_perm("players.unmask_player")
    return bool(until and allowed and datetime.fromisoformat(until) > now)


def personal_facts(player: Player, *, unmasked: bool) -> list[tuple[str, str]]:
    """A player's personal data, masked or not, as name and text."""
    return [(name.replace("_", " ").capitalize(), _shown(player, name, unmasked=unmasked)) for name in _FIELDS]


def _shown(player: Player, name: str, *, unmasked: bool) -> str:
    value = getattr(player, name, "")
    if not value:
        return NOTHING
    if unmasked:
        return str(value)
    if name == "birth_date":
        return f"{value:%Y}-••-••"
    return masked_email(value) if name == "email" else masked_text(str(value))
