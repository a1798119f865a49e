"""Demo data: published rules for interrupted rounds, and rounds that players left unfinished today."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from apps.compliance.approvals import decide_approval
from apps.core.ids import uuid7
from apps.core.money import Money
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.game_sessions import open_game_session
from apps.providers.models import Game, RoundPolicy
from apps.providers.round_policies import Terms, propose_policy
from apps.sandbox.seeding.past_calls import PastSeat, bet_at
from apps.sandbox.seeding.places import AURORA

_AUTHOR, _APPROVER = "policy_author", "policy_approver"
_SOURCE = "GLI-19 3.0, interrupted games; UK RTS 10 (demo)"


@dataclass(frozen=True, slots=True)
class _Rule:
    """A policy of a category of games."""

    category: str
    hours: int
    outcome: str
    text: str
    new_start: str = RoundPolicy.NewStart.BY_CATEGORY


_RULES = (
    _Rule(
        "slot",
        4,
        RoundPolicy.Outcome.VOID,
        "If a slot game is interrupted, open it again within 4 hours and it goes on where you left off. After that the"
        " round is void and your stake is returned.",
    ),
    _Rule(
        "table",
        2,
        RoundPolicy.Outcome.STAFF,
        "If a table game is interrupted, open it again within 2 hours and finish your hand. After that our staff look"
        " at the hand with the game provider and settle it.",
    ),
    _Rule(
        "live",
        24,
        RoundPolicy.Outcome.WAIT,
        "A live game goes on without you. Your bet counts, and the result is paid as soon as the game provider reports"
        " it.",
    ),
)
_WAITING = _Rule(
    "bingo",
    24,
    RoundPolicy.Outcome.WAIT,
    "Bingo goes on without you. Your cards play, and what they win is paid when the game provider reports it.",
)
# Who left what, how many minutes ago, for how many cents. Older ones are resolved when the worker starts.
_LEFT = (
    ("carla", "cfx_owlmoon", 45, 200),
    ("carla", "nlg_auroranights", 300, 120),
    ("aino", "hmw_royaldeal", 170, 1500),
    ("aino", "cfx_owlmoon", 95, 60),
    ("hugo", "cfx_owlmoon", 130, 400),
    ("hugo", "hmw_royaldeal", 50, 1000),
    ("hugo", "cfx_emberdragon", 55, 80),
)


@transaction.atomic
def seed_interrupted(*, now: datetime) -> None:
    """Publish the rules and leave the rounds; once."""
    author, approver = (User.objects.get(username=name) for name in (_AUTHOR, _APPROVER))
    if RoundPolicy.objects.filter(maker=author).exists():
        return
    # The rules were there before the rounds.
    published_at = now - timedelta(days=3)
    for rule in _RULES:
        asked = propose_policy(
            terms=_terms(rule, published_at), maker=author, reason="As published to players (demo)", now=published_at
        )
        decide_approval(request_id=asked.pk, checker=approver, approve=True, reason="Read it (demo)", now=published_at)
    propose_policy(terms=_terms(_WAITING, now), maker=author, reason="The vendor finishes every draw (demo)", now=now)
    for username, code, minutes, cents in _LEFT:
        _leave(username, code, cents, at=now - timedelta(minutes=minutes))


def _terms(rule: _Rule, at: datetime) -> Terms:
    return Terms(
        interrupted_after_minutes=30,
        resolve_after_hours=rule.hours,
        outcome=rule.outcome,
        text=rule.text,
        source=_SOURCE,
        effective_at=at,
        new_start=rule.new_start,
        category=rule.category,
    )


def _leave(username: str, code: str, cents: int, *, at: datetime) -> None:
    """Bet as a vendor would, at an instant of the past, and never say how it ended."""
    player = Player.objects.select_related("brand").get(brand__code=AURORA, username=username)
    game = Game.objects.get(code=code)
    integration = Integration.objects.get(slug=game.vendor)
    opened = open_game_session(player=player, integration=integration, game=game, currency="EUR", now=at)
    reference = f"left-{uuid7()}"
    seat = PastSeat(integration, game, "EUR", opened.token)
    bet_at(at, seat, round_ref=reference, key=reference, stake=Money.from_minor(cents, "EUR"))
