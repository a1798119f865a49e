"""Which of two values protects the player, or the law, more: one order a parameter, as data. No database."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Each = TypeVar("Each")
Covers = Callable[[Any, Any], bool]
"""Whether the first value is at least as strict as the second; False where they cannot be compared."""


def higher(mine: Any, theirs: Any) -> bool:
    """More is stricter: ages, delays."""
    return _is_number(mine) and _is_number(theirs) and mine >= theirs


def lower(mine: Any, theirs: Any) -> bool:
    """Less is stricter: amounts, days until something must happen."""
    return _is_number(mine) and _is_number(theirs) and mine <= theirs


def present(mine: Any, theirs: Any) -> bool:
    """A rule is stricter than none; two different rules cannot be compared."""
    return mine == theirs or (bool(mine) and not theirs)


def members(mine: Any, theirs: Any) -> bool:
    """What has to be on offer: whoever offers all of the other's is at least as strict."""
    return isinstance(mine, list) and isinstance(theirs, list) and all(each in mine for each in theirs)


def flag(strict: bool) -> Covers:  # noqa: FBT001 - which of the two is the strict one
    """Of yes and no, `strict` is the stricter."""
    return lambda mine, theirs: (
        isinstance(mine, bool) and isinstance(theirs, bool) and (mine is strict or mine is theirs)
    )


def ranked(*loosest_first: str) -> Covers:
    """Words in the order of their strictness."""
    places = {word: place for place, word in enumerate(loosest_first)}

    def covers(mine: Any, theirs: Any) -> bool:
        return mine in places and theirs in places and places[mine] >= places[theirs]

    return covers


def keyed(**orders: Covers) -> Covers:
    """Objects: each key with an order is at least as strict; every other key of theirs is there unchanged."""

    def covers(mine: Any, theirs: Any) -> bool:
        if not (isinstance(mine, Mapping) and isinstance(theirs, Mapping)):
            return False
        return all(key in mine and orders.get(key, present)(mine[key], value) for key, value in theirs.items())

    return covers


def amounts(**orders: Covers) -> Covers:
    """Lists of thresholds: each of theirs is answered by one of mine of the same kind, no laxer."""
    by_key = keyed(**orders)

    def covers(mine: Any, theirs: Any) -> bool:
        if not (isinstance(mine, list) and isinstance(theirs, list)):
            return False
        return all(any(by_key(own, other) for own in mine) for other in theirs)

    return covers


@dataclass(frozen=True, slots=True)
class Rule:
    """How values of one parameter relate to each other."""

    covers: Covers
    borrowed: bool = True
    """Whether a jurisdiction without a value gets the strictest modelled one."""
    why_not: str = ""
    """Why it is not borrowed."""
    of_brands: bool = True
    """Whether a brand may have a stricter value of its own."""


_NAMES_AN_INSTITUTION = "it names an institution or a form of that country"
_NAMES_MONEY = "a statute's amount, in that country's money"
_PRODUCT_LAW = "a pace or stake that exists only where a regulator sets one"
_ADDS_A_CONDITION = "a condition that exists only where the law adds it"

RULES: dict[str, Rule] = {
    "min_age": Rule(higher),
    "age_verification_gate": Rule(ranked("grace", "before_play", "before_deposit", "before_account")),
    "identity_verification_gate": Rule(ranked("at_cdd_threshold", "before_play", "before_account")),
    "late_kyc_on_withdrawal_forbidden": Rule(flag(True)),
    "cdd_threshold": Rule(keyed(amount=lower, window_days=higher)),
    "lock_funds_at_cdd_threshold": Rule(flag(True)),
    "payment_account_name_match": Rule(flag(True)),
    "credit_card_deposits_allowed": Rule(flag(False)),
    "refund_to_source_first": Rule(flag(True)),
    "player_to_player_transfer_allowed": Rule(flag(False)),
    "threshold_reports": Rule(members, borrowed=False, why_not=_NAMES_AN_INSTITUTION, of_brands=False),
    "str_channel": Rule(present, borrowed=False, why_not=_NAMES_AN_INSTITUTION, of_brands=False),
    "retention_years_after_relationship": Rule(higher, of_brands=False),
    "limit_setting_mode": Rule(ranked("offer", "prompt_default_opt_out", "mandatory", "statutory_cap")),
    "limit_types_required": Rule(members),
    "limit_periods_required": Rule(members),
    "deposit_limit_basis": Rule(ranked("either", "net", "gross")),
    "deposit_limit_window": Rule(ranked("either", "calendar_month", "fixed", "rolling"), of_brands=False),
    "limit_increase_delay_hours": Rule(higher),
    "limit_increase_extra_rule": Rule(present, borrowed=False, why_not=_ADDS_A_CONDITION),
    "limit_decrease_effect": Rule(ranked("delayed_24h", "immediate")),
    "overlapping_limits_rule": Rule(ranked("lowest_applies")),
    "limit_free_text_input": Rule(flag(True)),
    "limit_review_prompts": Rule(amounts(every_days=lower)),
    "deposit_contact_threshold": Rule(amounts(amount=lower), borrowed=False, why_not=_NAMES_MONEY),
    "affordability_check_threshold": Rule(amounts(amount=lower), borrowed=False, why_not=_NAMES_MONEY),
    "statutory_deposit_cap": Rule(
        keyed(amount=lower, day=lower, week=lower, month=lower, raise_to=lower), borrowed=False, why_not=_NAMES_MONEY
    ),
    "cross_operator_limit_service": Rule(present, borrowed=False, why_not=_NAMES_AN_INSTITUTION, of_brands=False),
    "parallel_play": Rule(present, borrowed=False, why_not=_NAMES_AN_INSTITUTION, of_brands=False),
    "reality_check": Rule(keyed(interval_minutes=lower, forced_pause_minutes=higher, ack_required=flag(True))),
    "elapsed_time_and_net_position_display": Rule(flag(True)),
    "inactivity_logout_minutes": Rule(lower),
    "autoplay_allowed": Rule(flag(False)),
    "turbo_allowed": Rule(flag(False)),
    "min_game_cycle_seconds": Rule(
        keyed(slots=higher, casino_other=higher), borrowed=False, why_not=_PRODUCT_LAW
    ),
    "max_stake": Rule(amounts(amount=lower), borrowed=False, why_not=_PRODUCT_LAW),
    "reverse_withdrawal_allowed": Rule(flag(False)),
    "panic_button_hours": Rule(higher),
    "timeout_durations": Rule(members),
    "self_exclusion_terms": Rule(keyed(min_months=higher, max_hold_years_after_expiry=higher)),
    "self_exclusion_return": Rule(keyed(cooling_hours=higher, reason_required=flag(True))),
    "national_register": Rule(present, borrowed=False, why_not=_NAMES_AN_INSTITUTION, of_brands=False),
    "marketing_stop": Rule(keyed(self_exclusion_db_removal_days=lower)),
    "bonus_rules": Rule(
        keyed(
            max_wagering_multiplier=lower,
            max_value=lower,
            mixed_product_incentives=flag(False),
            first_time_only=flag(True),
            no_bonus_during_play=flag(True),
        ),
        borrowed=False,
        why_not=_ADDS_A_CONDITION,
    ),
    "rg_monitoring": Rule(keyed(intervene_within_minutes=lower)),
    "fraud_controls": Rule(keyed(lock_after_failed_logins=lower)),
    "dormancy_days": Rule(lower),
    "regulator_data_feed": Rule(present, borrowed=False, why_not=_NAMES_AN_INSTITUTION, of_brands=False),
}  # fmt: skip
UNKNOWN = Rule(present, borrowed=False, why_not="no order is known", of_brands=False)


def rule_of(parameter: str) -> Rule:
    """Return the order of a parameter; one that nobody described is neither borrowed nor overridden."""
    return RULES.get(parameter, UNKNOWN)


def strictest(parameter: str, candidates: Sequence[Each], value_of: Callable[[Each], Any]) -> Each:
    """
    Return the candidate that is at least as strict as most others; of several such, the first.

    One candidate, never a mixture of them: an answer must be traceable to one published value.
    """
    covers = rule_of(parameter).covers

    def score(candidate: Each) -> int:
        return sum(covers(value_of(candidate), value_of(other)) for other in candidates)

    return max(candidates, key=score)


def is_stricter_or_same(parameter: str, mine: Any, others: Iterable[Any]) -> bool:
    """Say whether `mine` is at least as strict as each of `others`."""
    covers = rule_of(parameter).covers
    return all(covers(mine, other) for other in others)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
