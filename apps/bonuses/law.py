"""What the law of a jurisdiction says of bonuses: its policy `bonus_rules`, asked at publication and each claim."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from apps.bonuses.terms import Terms
from apps.compliance.policies import PolicyAnswer, local_day, policy, policy_for
from apps.core.money import Money
from apps.players.models import Player
from apps.providers.models import Game

PARAMETER = "bonus_rules"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one jurisdiction's rules say about terms."""

    jurisdiction: str
    version_id: int | None
    broken: tuple[str, ...]
    """In words for staff; empty: lawful."""


def verdicts_on(terms: Terms, *, brand_id: int, now: datetime) -> list[Verdict]:
    """Hold terms against the rules of every jurisdiction in which they are offered."""
    found = []
    for code in terms.jurisdictions:
        answer = policy(PARAMETER, jurisdiction=code, on=local_day(code, now), brand_id=brand_id)
        found.append(_verdict(terms, code, answer))
    return found


def verdict_for(terms: Terms, *, player: Player, now: datetime) -> tuple[Verdict, dict[str, object]]:
    """Hold terms against the rules for one player today; also returns these rules."""
    answer = policy_for(PARAMETER, player=player, now=now)
    rules = answer.value if isinstance(answer.value, dict) else {}
    return _verdict(terms, player.jurisdiction_id, answer), rules


def _verdict(terms: Terms, code: str, answer: PolicyAnswer) -> Verdict:
    rules = answer.value if isinstance(answer.value, dict) else {}
    return Verdict(code, answer.version_id, tuple(_broken(terms, rules)))


def _broken(terms: Terms, rules: dict[str, object]) -> Iterable[str]:
    most = rules.get("max_wagering_multiplier")
    if most is not None and terms.times and terms.hardest_multiplier() > int(str(most)):
        hardest = float(terms.hardest_multiplier())
        yield f"the bonus has to be staked {hardest:g} times in the game that counts least, {most} times are allowed"
    if rules.get("mixed_product_incentives") is False and _is_mixed(terms):
        yield "bingo and casino games may not count for one bonus"
    if rules.get("first_time_only") and (terms.per_player != 1 or terms.audience != "new"):
        yield "a bonus is for new players and once only"
    if rules.get("max_value") is not None:
        yield from _too_large(terms, str(rules["max_value"]), str(rules.get("currency", "")))


def _is_mixed(terms: Terms) -> bool:
    counting = {category for category, share in terms.categories.items() if share}
    named = Game.objects.filter(public_code__in=[code for code, share in terms.games.items() if share])
    counting |= set(named.values_list("category", flat=True)) if terms.games else set()
    return Game.Category.BINGO in counting and len(counting) > 1


def _too_large(terms: Terms, most: str, currency: str) -> Iterable[str]:
    limit = Money.parse(most, currency)
    for each in terms.amounts.values():
        if each.currency != currency:
            yield f"amounts in {each.currency} can not be held against the law's limit of {limit.format()} {currency}"
        elif each.most > limit.units:
            yield f"a bonus has a value of {limit.format()} {currency} at most"
