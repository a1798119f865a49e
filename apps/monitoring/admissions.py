"""Monitoring's say about a log-in: the gate is asked once the password was right."""

from datetime import datetime
from typing import ClassVar

from django.db import transaction

from apps.core.errors import DomainError
from apps.monitoring.gate import NEUTRAL_REASON, gate
from apps.players.facts import fingerprint
from apps.players.models import Player, PlayerSession


class LoginNotPossible(DomainError):
    """The account can not be used at the moment. Why, is not said; support knows whom to ask."""

    code: ClassVar[str] = "login-not-possible"
    title: ClassVar[str] = "Log-in is not possible at the moment"
    status: ClassVar[int] = 403


def after_login(*, session: PlayerSession, now: datetime) -> None:
    """
    Ask the rules about who has just logged in; what they say stays in its alert, whatever the player is told.

    A hold lets in: it is money that is held, and the player may look at his account.

    :raises LoginNotPossible: if a rule blocks, in neutral words
    """
    player = Player.objects.select_related("brand").get(pk=session.player_id)
    facts = {
        "subject": str(session.public_id),
        "device": fingerprint("device", session.device) or None,
        "address": fingerprint("address", session.remote_address or "") or None,
    }
    known = {name: value for name, value in facts.items() if value is not None}
    with transaction.atomic():
        decision = gate(purpose="login", player=player, facts=known, now=now)
    if decision.outcome == "block":
        raise LoginNotPossible(NEUTRAL_REASON)
