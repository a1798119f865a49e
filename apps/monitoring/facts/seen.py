"""What single events of a player were, in event time. Read by facts; rules never see these rows."""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal

from apps.monitoring.expressions.values import Unknown
from apps.monitoring.models import Observation
from apps.monitoring.points import Point
from apps.monitoring.reference import converted

MOST_EVENTS = 5_000


def seen(
    point: Point, kinds: Collection[str], *, window: timedelta, after: datetime | None = None
) -> list[Observation]:
    """A player's events of these kinds in the window that ends with the point, oldest first."""
    since = after or point.at - window
    rows = Observation.objects.filter(player_id=point.person.id, kind__in=kinds, at__gt=since, at__lte=point.at)
    return list(rows.order_by("at", "id")[:MOST_EVENTS])


def last_seen(point: Point, kind: str, *, before: datetime | None = None) -> Observation | None:
    """The last event of a kind up to the point, or before an instant."""
    rows = Observation.objects.filter(player_id=point.person.id, kind=kind)
    rows = rows.filter(at__lt=before) if before else rows.filter(at__lte=point.at)
    return rows.order_by("-at", "-id").first()


def worth(event: Observation, currency: str) -> Decimal | Unknown:
    """An event's amount in main units of the rule's currency."""
    return converted(event.units or 0, event.currency or currency, currency, event.at.date())


def sum_of(events: Collection[Observation], currency: str) -> Decimal | Unknown:
    """What events add up to."""
    total = Decimal(0)
    for event in events:
        amount = worth(event, currency)
        if isinstance(amount, Unknown):
            return amount
        total += amount
    return total
