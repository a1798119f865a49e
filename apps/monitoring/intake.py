"""Takes facts of the outbox in: as single events, as counts, as links between people. Each exactly once."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction

from apps.integrations.outbox import Fact
from apps.monitoring.models import DeadLetter
from apps.monitoring.reference import list_named

log = structlog.get_logger(__name__)

CONSUMER = "monitoring"
_ANONYMOUS = re.compile(r"prepaid|voucher|crypto|paysafe|neosurf|giftcard", re.IGNORECASE)
_NO_FUNDS = re.compile(r"insufficient|not.?enough|nsf|no.?funds", re.IGNORECASE)
_LONGEST_VALUE = 80
# What each kind of fact is called here. More than one name: it counts as each of them.
KINDS: dict[str, tuple[str, ...]] = {
    "player.registered": ("registration",),
    "player.logged_in": ("login",),
    "player.login_failed": ("login_failed",),
    "payments.deposit.initiated": ("deposit_initiated",),
    "payments.deposit.settled": ("deposit_settled",),
    "payments.deposit.failed": ("deposit_failed",),
    "payments.withdrawal.requested": ("withdrawal_requested",),
    "payments.withdrawal.cancelled": ("withdrawal_cancelled",),
    "payments.instrument.added": ("instrument_added",),
    "payments.instrument.changed": ("instrument_added",),
    "safer_play.limit.set": ("limit_set",),
    "safer_play.limit.raised": ("limit_raised",),
    "safer_play.limit.lowered": ("limit_lowered",),
    "safer_play.exclusion.started": ("exclusion_started",),
    "safer_play.exclusion.ended": ("exclusion_ended",),
    "safer_play.exclusion.abandoned": ("exclusion_abandoned",),
    "verification.income.declared": ("income_declared",),
    "verification.hit.found": ("screening_hit",),
    "verification.hit.false_positive": ("screening_hit",),
    "compliance.contact.received": ("contact",),
    "bonuses.bonus.claimed": ("bonus_claimed",),
    "bonuses.bonus.completed": ("bonus_completed",),
    "providers.game.launched": ("game_launched",),
    "providers.peer_game.settled": ("peer_game",),
    "providers.round.covered": ("covered_round",),
}
_LINKS = {"instrument": "instrument", "device": "device", "address": "address", "ip": "address", "product": "product"}
# Counted, or able to set a rule off, or both: everything else of a fact is dropped here.
_KEPT = (
    "method", "reason", "holder_match", "instrument", "ip_country", "bin_country", "device", "product", "kind",
    "period", "score", "topic", "cleared", "counterparty", "won", "outcomes", "of", "bonus", "words",
)  # fmt: skip
_OBSERVE = """
INSERT INTO monitoring_observation (player_id, kind, at, units, currency, subject, data, source)
VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, %s) ON CONFLICT (source) DO NOTHING RETURNING id
"""
_COUNT = """
INSERT INTO monitoring_counter AS c (player_id, metric, span, bucket_start, currency, total, times, largest)
SELECT %(player)s, %(metric)s, b.span, b.bucket_start, %(currency)s, %(units)s, 1, greatest(%(units)s, 0)
  FROM monitoring_buckets(%(metric)s, %(at)s) b WHERE b.span IS NOT NULL
ON CONFLICT (player_id, metric, span, bucket_start, currency) DO UPDATE
   SET total = c.total + excluded.total, times = c.times + excluded.times,
       largest = greatest(c.largest, excluded.largest)
"""
_LINK = """
INSERT INTO monitoring_link AS l (player_id, kind, value, first_at, last_at, times) VALUES (%s, %s, %s, %s, %s, 1)
ON CONFLICT (player_id, kind, value) DO UPDATE
   SET first_at = least(l.first_at, excluded.first_at), last_at = greatest(l.last_at, excluded.last_at),
       times = l.times + 1
"""


class FactNotSound(ValueError):
    """A fact that says something impossible: an amount that is no number, a player that is none."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One event, in monitoring's words."""

    kind: str
    player_id: int
    at: datetime
    subject: str
    units: int | None
    currency: str
    data: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    @property
    def event(self) -> dict[str, Any]:
        """What rules may read of it."""
        event = {**self.data, "units": self.units, "currency": self.currency}
        if "score" in event:
            event["screening_score"] = event["score"]
        if "topic" in event:
            event["screening_topic"] = event["topic"]
        if self.kind.startswith("limit_"):
            event |= {"limit_kind": event.get("kind"), "limit_period": event.get("period")}
        return event


def take_in(facts: Sequence[Fact], *, now: datetime) -> list[Seen]:
    """
    Store what facts say, once each, and return it. A fact that can not be understood becomes a dead letter.

    Runs in the transaction that moves the outbox's cursor.
    """
    taken: list[Seen] = []
    for fact in facts:
        if fact.kind not in KINDS or fact.player_id is None:
            continue
        try:
            with transaction.atomic():
                taken += [seen for seen in seen_in(fact) if store(seen)]
        except Exception as error:
            log.exception("fact_not_taken_in", fact=str(fact.id), kind=fact.kind)
            DeadLetter.objects.create(
                stage=DeadLetter.Stage.INTAKE, player_id=fact.player_id, purpose=fact.kind[:32],
                payload=_payload(fact), error=f"{type(error).__name__}: {error}"[:500], happened_at=now,
                next_try_at=now,
            )  # fmt: skip
    return taken


def _payload(fact: Fact) -> dict[str, Any]:
    """What it takes to try again."""
    return {
        "fact": str(fact.id), "kind": fact.kind, "subject": fact.subject, "data": dict(fact.data),
        "at": fact.at.isoformat(),
    }  # fmt: skip


def seen_in(fact: Fact) -> list[Seen]:
    """
    Say in monitoring's words what a fact says.

    :raises FactNotSound: if it says something impossible
    """
    data = fact.data
    units = data.get("units", data.get("amount_units"))
    if units is not None and type(units) is not int:
        raise FactNotSound(f"{units!r:.40} is no number of units")
    kept = {name: data[name] for name in _KEPT if data.get(name) is not None}
    for source, kind in _LINKS.items():
        if data.get(source):
            kept.setdefault(kind, str(data[source])[:_LONGEST_VALUE])
    assert fact.player_id is not None  # noqa: S101 - asked by the caller
    names = [*KINDS[fact.kind], *_further(fact.kind, data)]
    return [
        Seen(
            name, fact.player_id, fact.at, fact.subject[:_LONGEST_VALUE], units, str(data.get("currency", ""))[:8],
            kept, f"fact:{fact.id}:{name}",
        )
        for name in names
    ]  # fmt: skip


def _further(kind: str, data: Mapping[str, Any]) -> list[str]:
    """More names that a fact has because of what it says."""
    if kind == "payments.deposit.settled" and _ANONYMOUS.search(str(data.get("method", ""))):
        return ["anonymous_deposit"]
    if kind == "payments.deposit.failed" and _NO_FUNDS.search(str(data.get("reason", ""))):
        return ["deposit_declined"]
    if kind == "safer_play.exclusion.started" and data.get("kind") in ("time_out", "panic"):
        return ["time_out"]
    return []


def store(seen: Seen) -> bool:
    """Keep one event, its counts and its links; False if it is known already."""
    with connection.cursor() as cursor:
        cursor.execute(
            _OBSERVE,
            [
                seen.player_id, seen.kind, seen.at, seen.units, seen.currency, seen.subject,
                json.dumps(dict(seen.data)), seen.source,
            ],
        )  # fmt: skip
        if cursor.fetchone() is None:
            return False
        cursor.execute(
            _COUNT,
            {
                "player": seen.player_id,
                "metric": seen.kind,
                "currency": seen.currency,
                "units": seen.units or 0,
                "at": seen.at,
            },
        )
        for kind, value in links_of(seen):
            cursor.execute(_LINK, [seen.player_id, kind, value, seen.at, seen.at])
    return True


def links_of(seen: Seen) -> list[tuple[str, str]]:
    """What an event links its player to; shared networks link nobody."""
    shared = list_named("shared_networks")
    found = []
    for kind in ("instrument", "device", "address", "product"):
        value = str(seen.data.get(kind, ""))
        if value and not (kind == "address" and shared and value in shared[1]):
            found.append((kind, value))
    return found
