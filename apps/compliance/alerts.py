"""The one door by which anything becomes somebody's work: `raise_alert`. Rules live in higher apps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from apps.compliance.blueprints import current_blueprint
from apps.compliance.cases.clock import CLOCK, sla_of, start_clock
from apps.compliance.cases.steps import PLATFORM, lock_case, notify, record, save, tell
from apps.compliance.models import SEVERITY_RANK, Alert, AlertHit, Case, RuleSnooze
from apps.players.models import Player

COOL_DOWN = timedelta(days=7)
LARGER = Decimal("1.5")


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """Where a hit ended. `suppressed` says why nobody was told, if so."""

    alert_id: int
    case_id: int
    is_new: bool
    suppressed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    """What a rule, a vendor or a person saw."""

    blueprint: str
    source: str
    dedupe_key: str
    severity: str
    title: str
    explanation: str
    evidence: dict[str, Any]
    rule_id: str
    rule_version: str
    policy_version_id: int | None
    magnitude: Decimal | None
    now: datetime


@transaction.atomic
def raise_alert(
    *,
    player_id: int,
    blueprint: str,
    source: str,
    dedupe_key: str,
    severity: str,
    title: str,
    explanation: str,
    evidence: Mapping[str, Any],
    now: datetime,
    rule_id: str = "",
    rule_version: str = "",
    policy_version_id: int | None = None,
    magnitude: Decimal | None = None,
) -> RaisedAlert:
    """
    Record a hit and see to it that it is somebody's work, in the caller's transaction.

    An open alert with the same key takes the hit; else, within seven days after one was closed, it is only counted,
    unless it is 1.5 times as large (likewise while the rule is snoozed for the player). A new alert joins the player's
    open case of the blueprint, or opens one.

    :param dedupe_key: what makes two hits the same matter, e.g. ``"AML-02"`` or ``"AML-02:instrument:17"``
    :param explanation: in plain words, with value, threshold and window
    :param magnitude: how large it is, comparable between hits of the same key
    :raises UnknownBlueprint: if there is no such kind of case
    :raises ValueError: if the severity is none, or there is no dedupe key
    :raises Player.DoesNotExist: if there is no such player
    """
    if severity not in SEVERITY_RANK:
        raise ValueError(f"{severity!r} is no severity")
    if not dedupe_key:
        raise ValueError("an alert needs a dedupe key")
    hit = _Hit(
        blueprint=blueprint, source=source, dedupe_key=dedupe_key, severity=severity, title=title[:160],
        explanation=explanation, evidence=dict(evidence), rule_id=rule_id, rule_version=rule_version,
        policy_version_id=policy_version_id, magnitude=magnitude, now=now,
    )  # fmt: skip
    _take_turn(player_id, blueprint)
    same = Alert.objects.filter(player=player_id, blueprint_code=blueprint, dedupe_key=dedupe_key)
    last = same.order_by("-pk").first()
    snooze = _snooze_in_force(player_id, hit)
    if snooze is not None and last is not None:
        return _count(last, hit, AlertHit.Suppressed.SNOOZE)
    if last is not None and last.state == Alert.State.OPEN:
        return _append(last, hit)
    if last is not None and _cools_down(last, hit):
        return _count(last, hit, AlertHit.Suppressed.COOL_DOWN)
    return _open(player_id, hit)


def _take_turn(player_id: int, blueprint: str) -> None:
    """Let hits on one player and blueprint come one after the other: one opens the case, the next joins it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"compliance:{blueprint}:{player_id}"])


def _snooze_in_force(player_id: int, hit: _Hit) -> RuleSnooze | None:
    """The snooze that silences this hit; a materially larger one ends it."""
    if not hit.rule_id:
        return None
    running = RuleSnooze.objects.select_for_update().filter(player=player_id, rule_id=hit.rule_id, ended_at=None)
    snooze = running.first()
    if snooze is None or not snooze.starts_at <= hit.now < snooze.ends_at:
        return None
    if not _is_larger(hit.magnitude, snooze.magnitude):
        return snooze
    snooze.ended_at, snooze.ended_why = hit.now, f"A hit of {hit.magnitude} is 1.5 times {snooze.magnitude}"
    snooze.save(update_fields=["ended_at", "ended_why"])
    record(snooze.case, "snooze-broken", actor=PLATFORM, now=hit.now, text=snooze.ended_why)
    return None


def _is_larger(now: Decimal | None, before: Decimal | None) -> bool:
    return now is not None and before is not None and now >= LARGER * before


def _cools_down(last: Alert, hit: _Hit) -> bool:
    closed_at = last.closed_at
    return closed_at is not None and hit.now < closed_at + COOL_DOWN and not _is_larger(hit.magnitude, last.magnitude)


def _count(alert: Alert, hit: _Hit, why: str) -> RaisedAlert:
    """Keep the hit and tell nobody."""
    _keep(alert, hit, suppressed=why)
    return RaisedAlert(alert.pk, alert.case_id, is_new=False, suppressed=why)


def _keep(alert: Alert, hit: _Hit, *, suppressed: str = "") -> None:
    AlertHit.objects.create(
        alert=alert,
        suppressed=suppressed,
        severity=hit.severity,
        explanation=hit.explanation,
        evidence=hit.evidence,
        magnitude=hit.magnitude,
        rule_version=hit.rule_version,
        policy_version_id=hit.policy_version_id,
        at=hit.now,
    )


def _append(alert: Alert, hit: _Hit) -> RaisedAlert:
    """One more hit of an open alert."""
    _keep(alert, hit)
    alert.hit_count += 1
    alert.last_hit_at = hit.now
    alert.severity = max(alert.severity, hit.severity, key=SEVERITY_RANK.__getitem__)
    if hit.magnitude is not None:
        alert.magnitude = max(hit.magnitude, alert.magnitude or hit.magnitude)
    alert.save(update_fields=["hit_count", "last_hit_at", "severity", "magnitude"])
    _raise_again(lock_case(alert.case_id), hit, alert)
    return RaisedAlert(alert.pk, alert.case_id, is_new=False)


def _open(player_id: int, hit: _Hit) -> RaisedAlert:
    """A new alert, in the player's open case of the blueprint or in a new one."""
    case_id = (
        Case.objects.filter(player=player_id, blueprint_code=hit.blueprint)
        .exclude(state=Case.State.RESOLVED)
        .values_list("pk", flat=True)
        .first()
    )
    case = lock_case(case_id) if case_id is not None else None
    joins = case is not None and not case.is_closed
    case = case if case is not None and joins else _open_case(player_id, hit)
    alert = Alert.objects.create(
        case=case, player_id=player_id, blueprint_code=hit.blueprint, source=hit.source, rule_id=hit.rule_id,
        rule_version=hit.rule_version, policy_version_id=hit.policy_version_id, dedupe_key=hit.dedupe_key,
        severity=hit.severity, title=hit.title, explanation=hit.explanation, evidence=hit.evidence,
        magnitude=hit.magnitude, opened_at=hit.now, last_hit_at=hit.now,
    )  # fmt: skip
    _keep(alert, hit)
    if joins:
        _raise_again(case, hit, alert)
    else:
        record(case, "opened", actor=hit.source, now=hit.now, text=hit.title, data={"alert": alert.pk})
        tell(case, "opened", now=hit.now)
    return RaisedAlert(alert.pk, case.pk, is_new=True)


def _open_case(player_id: int, hit: _Hit) -> Case:
    player = Player.objects.only("id", "brand_id", "jurisdiction_id").get(pk=player_id)
    blueprint = current_blueprint(hit.blueprint)
    case = Case(
        blueprint=blueprint,
        blueprint_code=blueprint.code,
        player=player,
        brand_id=player.brand_id,
        title=hit.title,
        severity=hit.severity,
        severity_rank=SEVERITY_RANK[hit.severity],
        sla_minutes=sla_of(blueprint, severity=hit.severity, jurisdiction=player.jurisdiction_id),
        last_hit_at=hit.now,
        opened_at=hit.now,
        changed_at=hit.now,
    )
    start_clock(case, now=hit.now)
    case.save(force_insert=True)
    return case


def _raise_again(case: Case, hit: _Hit, alert: Alert) -> None:
    """A stale case must not hide what is new: it rises, wakes up, comes back from the player, and its holder hears."""
    case.hit_count += 1
    case.last_hit_at = hit.now
    if SEVERITY_RANK[hit.severity] > case.severity_rank:
        case.severity, case.severity_rank = hit.severity, SEVERITY_RANK[hit.severity]
        case.sla_minutes = min(
            case.sla_minutes,
            sla_of(case.blueprint, severity=hit.severity, jurisdiction=case.player.jurisdiction_id),
        )
    was_waiting = case.state == Case.State.AWAITING_PLAYER
    if was_waiting:
        case.take_up(at=hit.now)
    case.snoozed_until = None
    start_clock(case, now=hit.now)
    save(
        case, "hit_count", "last_hit_at", "severity", "severity_rank", "sla_minutes", "state", "awaiting_since",
        "awaiting_until", "awaiting_what", "snoozed_until", *CLOCK, now=hit.now,
    )  # fmt: skip
    data = {"alert": alert.pk, "severity": hit.severity, "hits": case.hit_count}
    record(case, "hit-again", actor=hit.source, now=hit.now, text=hit.title, data=data)
    notify(case, "hit-again", f"{case.reference}: {hit.title}", now=hit.now)
