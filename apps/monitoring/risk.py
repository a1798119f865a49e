"""A player's risk: points of factors and hits, floors of rules, levels with a cool-down before they fall, overrides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import yaml
from django.db import transaction

from apps.brands.models import Brand
from apps.integrations.outbox import record_fact
from apps.monitoring.definitions import content_hash
from apps.monitoring.loading import DATA
from apps.monitoring.metrics import MetricReader, Spec
from apps.monitoring.models import Decision, RiskAssessment, RiskKind, RiskOverride, RiskState, RuleVersion
from apps.monitoring.points import Person, Point, people
from apps.monitoring.reference import list_named

LOWEST, HIGHEST = 1, 5
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class RiskModel:
    """How one kind of risk is scored, as data."""

    kind: str
    data: Mapping[str, Any]

    @property
    def hash(self) -> str:
        """SHA-256 of the model, kept with every assessment."""
        return content_hash(self.data)

    def level_of(self, score: Decimal) -> int:
        """The level of a score."""
        return LOWEST + sum(score >= int(least) for least in self.data["levels"])


@lru_cache(maxsize=2)
def risk_model(kind: str) -> RiskModel:
    """The model of `aml` or `harm`."""
    with (DATA / "risk.yaml").open(encoding="utf-8") as file:
        return RiskModel(kind, yaml.safe_load(file)[kind])


@dataclass(frozen=True, slots=True)
class Scored:
    """A score, what it is made of, and the level that floors ask for at least."""

    score: Decimal
    level: int
    contributions: list[dict[str, Any]]
    newest_reason_at: datetime | None


def score(person: Person, kind: str, *, now: datetime) -> Scored:
    """Add up factors and hits. Each contribution says what it is, how many points it gives and since when."""
    model = risk_model(kind)
    parts = _factors(person, model, now=now)
    hits = _hits(person.id, kind, now - timedelta(days=max(model.data["fades_days"], model.data["floor_days"])))
    floor, newest = LOWEST, None
    for code, ats in hits.items():
        rule = _terms_of(code)
        points = _points(ats, rule, model, now=now)
        if points:
            last = max(ats)
            newest = max(newest or last, last)
            parts.append(
                {"id": code, "title": rule["title"], "points": str(points), "hits": len(ats), "at": last.isoformat()}
            )
        wanted = rule.get("floor") if kind == RiskKind.AML else rule.get("harm_class")
        if wanted and max(ats) > now - timedelta(days=model.data["floor_days"]):
            floor = max(floor, int(wanted))
            parts.append(
                {"id": code, "title": f"{rule['title']}: at least level {wanted}", "points": "0", "floor": wanted}
            )
    total = sum((Decimal(part["points"]) for part in parts), Decimal(0)).quantize(_CENT)
    parts.sort(key=lambda part: -Decimal(part["points"]))
    return Scored(total, max(model.level_of(total), floor), parts, newest)


def _hits(player_id: int, kind: str, since: datetime) -> dict[str, list[datetime]]:
    families = ("harm",) if kind == RiskKind.HARM else ("aml", "fraud")
    rows = Decision.objects.filter(
        player_id=player_id, result="hit", is_shadow=False, at__gt=since, rule__family__in=families
    ).exclude(suppressed="snooze")
    hits: dict[str, list[datetime]] = {}
    days: set[tuple[str, Any]] = set()
    for code, at in rows.order_by("at").values_list("rule_id", "at"):
        if (code, at.date()) not in days:  # many evaluations a day of one state of things are one reason
            days.add((code, at.date()))
            hits.setdefault(code, []).append(at)
    return hits


def _terms_of(code: str) -> Mapping[str, Any]:
    """Weight, floor and title of a rule, from its live version or else its newest."""
    rows = RuleVersion.objects.filter(rule_id=code).order_by("-number")
    version = rows.filter(state="live").first() or rows.first()
    return version.definition if version is not None else {"title": code}


def _points(ats: list[datetime], rule: Mapping[str, Any], model: RiskModel, *, now: datetime) -> Decimal:
    """The first hit counts in full, further ones in part; all fade with the age of the last."""
    age = (now - max(ats)) / timedelta(days=1)
    left = max(Decimal(0), 1 - Decimal(str(age)) / Decimal(model.data["fades_days"]))
    repeats = min(len(ats) - 1, int(model.data["most_repeats"]))
    size = 1 + repeats * Decimal(str(model.data["repeat_share"]))
    return (Decimal(int(rule.get("weight", 10))) * size * left).quantize(_CENT)


def _factors(person: Person, model: RiskModel, *, now: datetime) -> list[dict[str, Any]]:
    return [
        {"id": factor["id"], "title": factor["title"], "points": str(factor["points"])}
        for factor in model.data["factors"]
        if _holds(factor, person, now=now)
    ]


def _holds(factor: Mapping[str, Any], person: Person, *, now: datetime) -> bool:
    if "list" in factor:
        known = list_named(factor["list"])
        return known is not None and person.country in known[1]
    if "age" in factor:
        return person.age_on(now) < int(factor["age"])
    if "share" in factor:
        return _anonymous_share(person, factor, now=now) >= Decimal(str(factor["share"]))
    return person.registered_at > now - timedelta(days=factor["days"])


def _anonymous_share(person: Person, factor: Mapping[str, Any], *, now: datetime) -> Decimal:
    point, reader = Point(person, now, "risk"), MetricReader()
    sums = []
    for metric in ("anonymous_deposit", "deposit"):
        spec = Spec(metric, "sum", "days", float(factor["days"]), 0.0, 0.0, is_exact=False, currency="EUR")
        value = reader.read(spec, point, [point])
        sums.append(value if isinstance(value, Decimal) else Decimal(0))
    return sums[0] / sums[1] if sums[1] > 0 else Decimal(0)


def assess(player_ids: Iterable[int], *, kinds: Iterable[str] = tuple(RiskKind), now: datetime, why: str) -> int:
    """Compute the risk of players anew; returns how many levels changed. Each player in a transaction of its own."""
    changed = 0
    for person in people(player_ids).values():
        for kind in kinds:
            with transaction.atomic():
                changed += _assess(person, kind, now=now, why=why)
    return changed


def _assess(person: Person, kind: str, *, now: datetime, why: str) -> bool:
    model = risk_model(kind)
    state = RiskState.objects.select_for_update().filter(player_id=person.id, kind=kind).first()
    scored = score(person, kind, now=now)
    override = _running_override(person.id, kind, now=now)
    computed, raised_at = _settled(scored, state, model, now=now)
    level = override.level if override is not None else computed
    values = {
        "score": scored.score,
        "computed_level": computed,
        "level": level,
        "contributions": scored.contributions,
        "model_hash": model.hash,
        "raised_at": raised_at,
        "computed_at": now,
        "expires_at": now + timedelta(days=model.data["max_age_days"][level]),
    }
    before = state.level if state is not None else None
    RiskState.objects.update_or_create(player_id=person.id, kind=kind, defaults=values)
    if before == level and state is not None and state.score == scored.score:
        return False
    RiskAssessment.objects.create(
        player_id=person.id, kind=kind, score=scored.score, from_level=before, level=level,
        contributions=scored.contributions, why=why[:200], model_hash=model.hash, at=now,
    )  # fmt: skip
    if before == level:
        return False
    _tell(person, kind, before, level, now=now)
    return True


def _settled(scored: Scored, state: RiskState | None, model: RiskModel, *, now: datetime) -> tuple[int, datetime]:
    """The computed level: it rises at once, and falls one step at a time after a time without a new reason."""
    if state is None or scored.level >= state.computed_level:
        rose = state is None or scored.level > state.computed_level
        newest = scored.newest_reason_at or now
        return scored.level, now if rose else max(state.raised_at, min(newest, now)) if state else now
    quiet_since = max(state.raised_at, scored.newest_reason_at or state.raised_at)
    if now < quiet_since + timedelta(days=model.data["lower_after_days"]):
        return state.computed_level, state.raised_at
    # The next step down takes as long again.
    return max(scored.level, state.computed_level - 1), now


def _running_override(player_id: int, kind: str, *, now: datetime) -> RiskOverride | None:
    """The override in force; one whose time is over ends here."""
    override = RiskOverride.objects.select_for_update().filter(player_id=player_id, kind=kind, state="running").first()
    if override is not None and override.until <= now:
        override.state = RiskOverride.State.ENDED
        override.save(update_fields=["state"])
        return None
    return override


def _tell(person: Person, kind: str, before: int | None, level: int, *, now: datetime) -> None:
    brand = Brand.objects.only("code").get(pk=person.brand_id)
    record_fact(
        kind=f"monitoring.{kind}_risk.changed", brand_code=brand.code, player_id=person.id,
        data={"from": before, "to": level}, now=now,
    )  # fmt: skip


def assess_due(*, now: datetime, most: int = 500) -> int:
    """Compute anew what is older than it may be, and what an override that ended had set; returns how many players."""
    overdue = RiskState.objects.filter(expires_at__lte=now).values_list("player_id", flat=True)
    ended = RiskOverride.objects.filter(state="running", until__lte=now).values_list("player_id", flat=True)
    due = sorted({*overdue[:most], *ended[:most]})
    assess(due, now=now, why="Older than it may be")
    return len(due)


def assess_falling(*, now: datetime, most: int = 2_000) -> int:
    """Compute anew the levels that may fall by now; returns how many changed."""
    shortest = min(risk_model(kind).data["lower_after_days"] for kind in RiskKind)
    rows = RiskState.objects.filter(computed_level__gt=LOWEST, raised_at__lte=now - timedelta(days=shortest))
    due = sorted(set(rows.order_by("computed_at").values_list("player_id", flat=True)[:most]))
    return assess(due, now=now, why="A time without new reasons")
