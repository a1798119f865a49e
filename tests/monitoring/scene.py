"""What tests of monitoring do again and again: load the catalogue, put rules live, follow both logs."""

from datetime import datetime
from typing import Any

from apps.core import clock
from apps.monitoring import stream
from apps.monitoring.definitions import content_hash
from apps.monitoring.loading import load_catalogue
from apps.monitoring.models import Decision, Rule, RuleVersion


def put_live(*codes: str, now: datetime | None = None) -> dict[str, RuleVersion]:
    """Load the shipped catalogue and put these rules (or all) live, past the two people that tests do not need."""
    at = now or clock.now()
    load_catalogue(apply=True, now=at)
    versions = RuleVersion.objects.filter(state="draft")
    if codes:
        versions = versions.filter(rule_id__in=codes)
    versions.update(state="live", committed_at=at, live_at=at)
    return {each.rule_id: each for each in RuleVersion.objects.filter(state="live")}


def put_own_live(data: dict[str, Any], *, state: str = "live", number: int = 1) -> RuleVersion:
    """Put a rule of the test's own live."""
    at = clock.now()
    rule, _ = Rule.objects.get_or_create(code=data["id"], defaults={"name": data["name"], "family": data["family"]})
    return RuleVersion.objects.create(
        rule=rule, number=number, state=state, definition=data, content_hash=content_hash(data), drafted_at=at,
        committed_at=at, live_at=at if state == "live" else None, shadow_at=at if state == "shadow" else None,
    )  # fmt: skip


def follow(now: datetime | None = None) -> tuple[stream.Followed, stream.Followed]:
    """Follow the facts, then the ledger, to their ends."""
    at = now or clock.now()
    return stream.follow_facts(now=at), stream.follow_ledger(now=at)


def hits(**more: Any) -> list[tuple[str, int]]:
    """Rule and player of every hit so far."""
    rows = Decision.objects.filter(result="hit", is_shadow=False, **more)
    return sorted(set(rows.values_list("rule_id", "player_id")))
