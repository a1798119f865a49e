"""What the law asks of safer play, read from policies into the words of this app. Figures are data there."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.core.money import Money
from apps.players.models import Player
from apps.safer_play.models import Limit, Review
from apps.safer_play.policies import age_of, local_date, own_value, policy_for

# The matrix's names of games, as categories of the catalogue.
GAME_CATEGORIES: dict[str, tuple[str, ...]] = {
    "slots": ("slot",),
    "casino_other": ("live", "table", "bingo", "crash", "instant"),
}
_MONTHLY = {"month", "calendar_month"}


@dataclass(frozen=True, slots=True)
class IncreaseRule:
    """What an increase or removal takes."""

    delay: timedelta
    waits_for_period: bool
    needs_confirmation: bool
    version_id: int | None


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit that the law sets for everybody, in ledger units."""

    period: str
    money: Money
    version_id: int | None


def increase_rule(player: Player, now: datetime) -> IncreaseRule:
    """How long an increase waits. Without a value of its own a jurisdiction gets the strictest delay there is."""
    delay = policy_for(player, "limit_increase_delay_hours", now)
    extra = own_value(player, "limit_increase_extra_rule", now)
    text = str(extra.value or "").lower()
    return IncreaseRule(
        delay=timedelta(hours=delay.value or 0),
        waits_for_period="period" in text,
        needs_confirmation="reaffirm" in text,
        version_id=delay.version_id,
    )


def decrease_delay(player: Player, now: datetime) -> timedelta:
    """How long a decrease waits; nothing, but where the law says a day."""
    is_delayed = own_value(player, "limit_decrease_effect", now).value == "delayed_24h"
    return timedelta(hours=24) if is_delayed else timedelta(0)


def deposit_basis(player: Player, now: datetime) -> str | None:
    """``gross`` or ``net`` where the law says which."""
    value = own_value(player, "deposit_limit_basis", now).value
    return value if value in (Limit.Basis.GROSS, Limit.Basis.NET) else None


def deposit_window(player: Player, now: datetime) -> str | None:
    """How a deposit limit's periods are counted, where the law says so."""
    value = own_value(player, "deposit_limit_window", now).value
    if value == "calendar_month":
        return str(Limit.Window.CALENDAR)
    return value if value in (Limit.Window.FIXED, Limit.Window.ROLLING) else None


def must_have_limit(player: Player, now: datetime) -> bool:
    """Whether the law allows neither play nor deposits without a deposit limit."""
    return bool(own_value(player, "limit_setting_mode", now).value == "mandatory")


def contact_threshold(player: Player, now: datetime) -> tuple[Money, int | None] | None:
    """The amount a month above which staff must speak with the player first, with the policy's version."""
    answer = own_value(player, "deposit_contact_threshold", now)
    for item in _items(answer.value, player, now):
        if item.get("per") in _MONTHLY:
            return Money.parse(str(item["amount"]), item["currency"]), answer.version_id
    return None


def statutory_caps(player: Player, now: datetime) -> list[Cap]:
    """Deposit limits that the law sets, by period."""
    answer = own_value(player, "statutory_deposit_cap", now)
    value = answer.value or {}
    currency = value.get("currency") or _CURRENCIES.get(player.jurisdiction_id, player.currency)
    if "amount" in value:
        period = "month" if value.get("per") in _MONTHLY else str(value.get("per"))
        return [Cap(period, Money.parse(str(value["amount"]), currency), answer.version_id)]
    return [
        Cap(period, Money.parse(str(value[period]), currency), answer.version_id)
        for period in ("day", "week", "month")
        if period in value
    ]


def review_prompts(player: Player, now: datetime) -> list[tuple[str, int]]:
    """What players are to be asked to review, and after how many days, where the law says so."""
    items = own_value(player, "limit_review_prompts", now).value or []
    return [(item["kind"], int(item["every_days"])) for item in items if item.get("kind") in Review.Kind.values]


# In which the caps that name no currency are meant.
_CURRENCIES = {"ES": "EUR"}


def product_rules(player: Player, now: datetime) -> list[dict[str, Any]]:
    """Largest stake and shortest cycle by category of game, as `safer_play_guard.product_rules` keeps them."""
    rules: dict[str, dict[str, Any]] = {}
    stakes = own_value(player, "max_stake", now)
    for item in _items(stakes.value, player, now):
        money = Money.parse(str(item["amount"]), item["currency"])
        for category in GAME_CATEGORIES.get(item["game"], ()):
            rules.setdefault(category, {"category": category}).update(
                max_stake=money.units, currency=money.currency, stake_version=stakes.version_id
            )
    cycles = own_value(player, "min_game_cycle_seconds", now)
    for game, seconds in (cycles.value or {}).items():
        for category in GAME_CATEGORIES.get(game, ()):
            rules.setdefault(category, {"category": category}).update(
                cycle_ms=round(float(seconds) * 1000), cycle_version=cycles.version_id
            )
    return [rules[category] for category in sorted(rules)]


@dataclass(frozen=True, slots=True)
class RealityRule:
    """What the law says of reality checks."""

    interval_minutes: int | None
    is_players_choice: bool
    must_acknowledge: bool
    pause_minutes: int


def reality_rule(player: Player, now: datetime) -> RealityRule:
    """Fixed interval or the player's choice; whether play stops until he has acknowledged, and for how long."""
    value = own_value(player, "reality_check", now).value or {}
    interval = value.get("interval_minutes")
    return RealityRule(
        interval_minutes=interval,
        is_players_choice=interval is None,
        must_acknowledge=bool(value.get("ack_required")),
        pause_minutes=int(value.get("forced_pause_minutes") or 0),
    )


def one_game_at_a_time(player: Player, now: datetime) -> bool:
    """Whether a player may have one game open only."""
    value = own_value(player, "parallel_play", now).value or {}
    return bool(value.get("parallel_games_same_operator") == "forbidden")


def panic_hours(player: Player, now: datetime) -> tuple[int, int | None]:
    """How long the panic button excludes; a day where the law does not say, as everywhere where there is one."""
    answer = policy_for(player, "panic_button_hours", now)
    return int(answer.value or 24), answer.version_id


@dataclass(frozen=True, slots=True)
class ExclusionRule:
    """What the law says of a self-exclusion."""

    minimum: timedelta
    holds: bool
    bars_login: bool
    covers_licence: bool
    version_id: int | None


_MONTH_DAYS = 30


def exclusion_rule(player: Player, now: datetime) -> ExclusionRule:
    """Shortest term, what happens at its end, and whether all brands of the licence are covered."""
    terms = own_value(player, "self_exclusion_terms", now)
    value = terms.value or {}
    return ExclusionRule(
        minimum=timedelta(days=_MONTH_DAYS * int(value.get("min_months") or 0)),
        holds=bool(value.get("holds_until_positive_action")),
        bars_login=bool(value.get("no_login")),
        covers_licence=bool(value.get("multi_brand_prompt")) or terms.is_own,
        version_id=terms.version_id,
    )


@dataclass(frozen=True, slots=True)
class ReturnRule:
    """What coming back takes."""

    needs_reason: bool
    decide_within: timedelta | None
    cooling_definite: timedelta
    cooling_indefinite: timedelta
    version_id: int | None


def return_rule(player: Player, now: datetime) -> ReturnRule:
    """Reason, decision and cooling-off; where a jurisdiction says nothing, the strictest that there is."""
    answer = policy_for(player, "self_exclusion_return", now)
    value = answer.value or {}
    cooling = value.get("then_cooling") or {}
    hours = int(value.get("cooling_hours") or cooling.get("definite_hours") or 24)
    days = value.get("operator_decides_within_days")
    return ReturnRule(
        needs_reason=bool(value.get("reason_required")),
        decide_within=timedelta(days=days) if days else None,
        cooling_definite=timedelta(hours=hours),
        cooling_indefinite=timedelta(days=cooling["indefinite_days"]) if cooling else timedelta(hours=hours),
        version_id=answer.version_id,
    )


def _items(value: Any, player: Player, now: datetime) -> Collection[dict[str, Any]]:
    """The items of a list value that apply to this player's age on this day."""
    age, today = age_of(player, now), local_date(player, now).isoformat()
    return [
        item
        for item in value or ()
        if item.get("age_min", 0) <= age <= item.get("age_max", 999)
        and str(item.get("from", "")) <= today <= str(item.get("to", "9999"))
    ]
