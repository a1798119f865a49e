"""Terms in plain words, made of the data, so that what people read is what holds."""

from apps.bonuses.models import OfferVersion
from apps.bonuses.terms import Amounts, Terms
from apps.core.money import Money


def terms_in_words(terms: Terms) -> list[str]:
    """Say every condition that is significant for a player, one sentence each."""
    said = [_gift(terms, each) for each in terms.amounts.values()]
    said.append(_wagering(terms))
    if terms.times:
        shares = ", ".join(f"{name} {share} %" for name, share in (*terms.categories.items(), *terms.games.items()))
        whose = "stakes of bonus money" if terms.counts_bonus_only else "stakes"
        said.append(f"Of {whose} counts: {shares}; other games nothing.")
    for each in terms.amounts.values():
        said += _limits(each)
    said.append(f"{terms.days_to_claim} days to take it, {terms.days_to_wager} days to wager it.")
    said.append(_withdrawal(terms))
    people = {"all": "everybody", "new": f"players registered within {terms.new_days} days", "listed": "players named"}
    household = f", {_times(terms.per_household)} a household" if terms.per_household else ""
    said.append(f"For {people[terms.audience]}, {_times(terms.per_player)} a player{household}.")
    return said


def _gift(terms: Terms, each: Amounts) -> str:
    if terms.kind == OfferVersion.Kind.FIXED:
        return f"{_shown(each.most, each.currency)}."
    return (
        f"{terms.percent} % of a deposit of {_shown(each.minimum_deposit, each.currency)} or more,"
        f" at most {_shown(each.most, each.currency)}."
    )


def _wagering(terms: Terms) -> str:
    if not terms.times:
        return "Nothing has to be wagered."
    base = "bonus and the deposit it was given for" if terms.is_of_deposit_too else "bonus"
    return f"{terms.times.normalize():f} times the {base} to be wagered before it becomes cash."


def _limits(each: Amounts) -> list[str]:
    said = []
    if each.stake_limit is not None:
        said.append(f"A stake above {_shown(each.stake_limit, each.currency)} does not count.")
    if each.conversion_limit is not None:
        said.append(f"At most {_shown(each.conversion_limit, each.currency)} becomes cash.")
    return said


def _withdrawal(terms: Terms) -> str:
    own = "Own money can be withdrawn at any time"
    return f"{own}; a withdrawal ends the bonus." if terms.forfeits_on_withdrawal else f"{own}; the bonus stays."


def _times(count: int | None) -> str:
    return "once" if count == 1 else f"{count} times"


def _shown(units: int, currency: str) -> str:
    return f"{Money(units, currency).format()} {currency}"
