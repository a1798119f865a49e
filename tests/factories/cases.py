"""Cases as rules would open them, and the people who work them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group, User

from apps.backoffice.roles import sync_roles
from apps.brands.models import Brand, StaffScope
from apps.compliance.alerts import RaisedAlert, raise_alert
from apps.compliance.cases.closing import tick
from apps.compliance.models import Case
from apps.players.models import Player

# A Wednesday, 10:00 in Malta: within every calendar.
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
NARRATIVE = "Read the alerts and the transactions behind them; salary explains what was paid in."


def after(**span: float) -> datetime:
    """So long after NOW."""
    return NOW + timedelta(**span)


def hit(player: Player, *, now: datetime = NOW, magnitude: str | None = None, **fields: Any) -> RaisedAlert:
    """Raise one alert; fields override."""
    terms: dict[str, Any] = {
        "blueprint": "aml",
        "source": "test",
        "dedupe_key": "AML-02",
        "severity": "medium",
        "title": "Deposits above income",
        "explanation": "EUR 5,200 were paid in within 7 days; the threshold is EUR 2,000.",
        "evidence": {"value": "5200", "threshold": "2000"},
        "rule_id": "AML-02",
        "rule_version": "3",
    }
    return raise_alert(
        player_id=player.pk, now=now, magnitude=None if magnitude is None else Decimal(magnitude), **(terms | fields)
    )


def case_of(raised: RaisedAlert) -> Case:
    """The case as it is in the database now."""
    return Case.objects.get(pk=raised.case_id)


def colleague(
    role: str, username: str = "", *, brand: Brand | None = None, also: str = "", password: str | None = None
) -> User:
    """A member of staff with one role (or two), for one brand."""
    sync_roles()
    user = User.objects.create_user(username or role, password=password, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=[role, also or role]))
    if brand is not None:
        StaffScope.objects.create(user=user, brand=brand)
    return user


def tick_all(case: Case, actor: User, *, now: datetime = NOW) -> None:
    """Do everything on the checklist."""
    for point in case.blueprint.checklist:
        tick(case_id=case.pk, point=point["code"], done=True, actor=actor, now=now)
