"""What makes the platform ask again: validity that ends, a profile that changes, a risk that rises, a threshold."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import QuerySet

from apps.integrations.outbox import Fact
from apps.players.models import Player
from apps.verification.models import PlayerFact, Verification
from apps.verification.operations.facts import add_fact, proven_kinds
from apps.verification.operations.sessions import NoIdentityVendor, open_request
from apps.verification.operations.steps import lock_verification, save_step

log = structlog.get_logger(__name__)

CONSUMER = "verification"
FOLLOWED = frozenset({"player.registered", "player.profile_changed", "monitoring.aml_risk.changed"})
ASK_BEFORE = timedelta(days=30)
"""How long before a fact ends the player is asked for a new one."""
_LEVEL_OF = {
    PlayerFact.Kind.IDENTITY: Verification.Level.IDENTITY,
    PlayerFact.Kind.ADDRESS: Verification.Level.ADDRESS,
}
_TOUCHED_BY = {
    "first_name": PlayerFact.Kind.IDENTITY,
    "last_name": PlayerFact.Kind.IDENTITY,
    "birth_date": PlayerFact.Kind.IDENTITY,
    "street": PlayerFact.Kind.ADDRESS,
    "city": PlayerFact.Kind.ADDRESS,
    "postcode": PlayerFact.Kind.ADDRESS,
    "country": PlayerFact.Kind.ADDRESS,
}
_HIGH_RISK = 4
"""Of five levels of the risk of money laundering: from here on enhanced due diligence is due."""


def follow(facts: Sequence[Fact], *, now: datetime) -> set[int]:
    """
    Do what the log of facts calls for, in the transaction of its reader; returns the players to be screened.

    Personal data are not in the log: what changed is named, not told.
    """
    to_screen = set[int]()
    for fact in facts:
        if fact.player_id is None:
            continue
        if fact.kind == "player.registered":
            to_screen.add(fact.player_id)
        elif fact.kind == "player.profile_changed":
            fields = fact.data.get("fields", ())
            _doubt(fact.player_id, [str(each) for each in fields], now)
            to_screen.add(fact.player_id)
        elif (fact.data["from"] or 0) < _HIGH_RISK <= fact.data["to"]:
            _ask(fact.player_id, Verification.Level.ENHANCED, "risk-raised", now)
    return to_screen


def ask_before_expiry(*, now: datetime, limit: int = 200) -> int:
    """Ask players whose identity or address will soon no longer be proven; returns how many were asked."""
    soon = _ending(now, now + ASK_BEFORE).filter(kind__in=list(_LEVEL_OF))
    asked = 0
    for player_id, kind in soon.values_list("player_id", "kind")[:limit]:
        asked += _ask(player_id, _LEVEL_OF[PlayerFact.Kind(kind)], "expiry", now)
    return asked


def expire_verifications(*, now: datetime, limit: int = 200) -> int:
    """Say of approved verifications whose identity fact has ended that they are expired; returns how many."""
    ended = PlayerFact.objects.standing().filter(
        outcome=PlayerFact.Outcome.CONFIRMED, kind=PlayerFact.Kind.IDENTITY, valid_to__lte=now
    )
    rows = ended.filter(verification__state=Verification.State.APPROVED).values_list("verification_id", flat=True)
    return sum(_expire(pk, now) for pk in rows[:limit])


def _ending(after: datetime, until: datetime) -> QuerySet[PlayerFact]:
    return (
        PlayerFact.objects.standing()
        .filter(outcome=PlayerFact.Outcome.CONFIRMED, valid_to__gt=after, valid_to__lte=until)
        .exclude(player__status=Player.Status.CLOSED)
        .exclude(player__verifications__state__in=Verification.OPEN)
        .order_by("valid_to", "pk")
    )


@transaction.atomic
def _expire(verification_id: int, now: datetime) -> bool:
    verification = lock_verification(verification_id)
    before = verification.state
    if before != Verification.State.APPROVED:
        return False
    verification.expire(at=now)
    verification.player_reason = "expired"
    save_step(verification, "expired", before=before, now=now)
    return True


def _doubt(player_id: int, fields: Sequence[str], now: datetime) -> None:
    """What was proven of the old name or address proves nothing of the new one."""
    proven = proven_kinds(player_id, now)
    for kind in sorted({_TOUCHED_BY[field] for field in fields if field in _TOUCHED_BY}):
        if kind not in proven:
            continue
        head = PlayerFact.objects.standing().filter(player_id=player_id, kind=kind, subject="").get()
        add_fact(
            player_id=player_id,
            kind=kind,
            outcome=PlayerFact.Outcome.WITHDRAWN,
            method=head.method,
            level=head.level,
            verification=head.verification,
            reason="the profile has changed",
            now=now,
        )
        _ask(player_id, _LEVEL_OF[PlayerFact.Kind(kind)], "profile-changed", now)


def _ask(player_id: int, level: str, trigger: str, now: datetime) -> bool:
    player = Player.objects.select_related("brand").get(pk=player_id)
    try:
        made = open_request(player=player, level=level, trigger=trigger, now=now)
    except NoIdentityVendor:
        log.warning("no_identity_vendor", player_id=player_id, trigger=trigger)
        return False
    return made.trigger == trigger
