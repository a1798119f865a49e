"""Demo data: what players told the operator. Their rules run live in the demo, so some of it becomes alerts."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from apps.compliance.contacts import record_contact
from apps.compliance.models import PlayerContact
from apps.core.money import Money
from apps.players.models import Player
from apps.safer_play.visits import leave_visit, open_visit
from apps.verification.models import IncomeDeclaration
from apps.verification.operations.income import declare_income

_AFRAID, _EARNS, _ASKS = "night_nora", "smurf_sara", "angry_anna"
_WORRIED = "I can't stop and I lost everything. The rent is due on Friday."


@transaction.atomic
def seed_statements(*, now: datetime) -> None:
    """Let three players of the desk's demo tell us something; once."""
    players = {each.username: each for each in Player.objects.filter(username__in=(_AFRAID, _EARNS, _ASKS))}
    support = User.objects.filter(groups__name="support", is_active=True).first()
    if len(players) < 3 or support is None:  # noqa: PLR2004 - the three above
        return
    if PlayerContact.objects.filter(player__in=players.values()).exists():
        return
    afraid = players[_AFRAID]
    for days in (5, 3, 1):
        at = now - timedelta(days=days)
        visit = open_visit(player_id=afraid.pk, now=at)
        leave_visit(player_id=afraid.pk, public_id=visit.public_id, now=at + timedelta(minutes=2))
    _contact(afraid, "email", "gambling_harm", _WORRIED, "T-20931", support, now - timedelta(minutes=40))
    _contact(players[_ASKS], "chat", "bonus", "Where are my free rounds?", "T-20877", support, now - timedelta(days=2))
    declare_income(
        player_id=players[_EARNS].pk, monthly=Money.parse("2100.00", "EUR"),
        source=IncomeDeclaration.Source.EMPLOYMENT, now=now - timedelta(days=11),
    )  # fmt: skip


def _contact(player: Player, channel: str, topic: str, text: str, reference: str, actor: User, at: datetime) -> None:
    record_contact(
        player_id=player.pk, channel=channel, direction="received", topic=topic, text=text, reference=reference, at=at,
        actor=actor, now=at,
    )  # fmt: skip
