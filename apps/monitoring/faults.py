"""Faults of rules as work for people: what failed although everything was judged, or held, all the same."""

from datetime import datetime

from apps.monitoring.models import DeadLetter


def report_fault(
    stage: DeadLetter.Stage,
    *,
    purpose: str,
    error: str,
    now: datetime,
    player_id: int | None = None,
    version_id: int | None = None,
) -> None:
    """Leave a dead letter that nothing tries again by itself, unless one of the same kind is open."""
    same = {"stage": stage, "purpose": purpose[:32], "player_id": player_id, "version_id": version_id}
    if not DeadLetter.objects.filter(**same, settled_at=None).exists():
        DeadLetter.objects.create(**same, error=error.replace("\x00", "")[:500], happened_at=now)
