"""The terms of an offer: read from JSON, found sound or refused with what is wrong. No law here; see `law`."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from apps.bonuses.models import OfferVersion
from apps.core.currencies import currency_spec
from apps.core.errors import DomainError
from apps.core.money import Money, MoneyError
from apps.providers.models import Game

_HUNDRED = 100
_MOST_TIMES = Decimal(50)
_MOST_DAYS = {"days_to_claim": 60, "days_to_wager": 90}
_MOST_LISTED = 5_000
_STAKES_A_DAY = 480
_TEXT_LENGTH = (40, 4_000)
_KNOWN = frozenset(
    {
        "kind", "jurisdictions", "amounts", "percent", "wagering", "days_to_claim", "days_to_wager", "audience",
        "per_player", "per_household", "on_withdrawal", "text",
    }
)  # fmt: skip
_AMOUNTS = frozenset({"currency", "amount", "maximum", "minimum_deposit", "stake_limit", "conversion_limit"})


class OfferTermsNotSound(DomainError):
    """The terms of an offer can not be what was meant, or are unfair; the detail says which."""

    code = "offer-terms-not-sound"
    title = "These terms are not sound"
    status = 422


@dataclass(frozen=True, slots=True)
class Amounts:
    """What an offer gives in one currency, ledger units."""

    currency: str
    most: int
    """The bonus, or the largest one of a deposit match."""
    minimum_deposit: int
    stake_limit: int | None
    conversion_limit: int | None


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms that were read and found sound."""

    kind: str
    jurisdictions: tuple[str, ...]
    amounts: Mapping[str, Amounts]
    percent: int
    """Of the deposit; 0 for a fixed amount."""
    times: Decimal
    is_of_deposit_too: bool
    """The part of the deposit that was matched is wagered as well."""
    counts_bonus_only: bool
    categories: Mapping[str, int]
    games: Mapping[str, int]
    """By the game's public code."""
    days_to_claim: int
    days_to_wager: int
    audience: str
    """`all`, `new` or `listed`."""
    new_days: int
    listed: tuple[str, ...]
    per_player: int
    per_household: int | None
    forfeits_on_withdrawal: bool
    text: str

    def bonus_for(self, currency: str, *, deposit_units: int = 0) -> int:
        """Ledger units of the bonus, in whole coins, rounded down; 0 where there is none."""
        amounts = self.amounts.get(currency)
        if amounts is None:
            return 0
        if self.kind == OfferVersion.Kind.FIXED:
            return amounts.most
        if deposit_units < amounts.minimum_deposit:
            return 0
        spec = currency_spec(currency)
        coin: int = 10 ** (spec.ledger_exponent - spec.exponent)
        return min(deposit_units * self.percent // _HUNDRED, amounts.most) // coin * coin

    def required_for(self, bonus_units: int) -> int:
        """Ledger units to be wagered, rounded up to the unit."""
        base = Fraction(bonus_units)
        if self.is_of_deposit_too:
            base += Fraction(bonus_units * _HUNDRED, self.percent)
        return -(-(base * Fraction(self.times)) // 1)

    def hardest_multiplier(self) -> Fraction:
        """How often the bonus has to be staked in the game that counts least (and counts at all)."""
        counting = [each for each in (*self.categories.values(), *self.games.values()) if each]
        factor = 1 + Fraction(_HUNDRED, self.percent) if self.is_of_deposit_too else Fraction(1)
        return Fraction(self.times) * factor * Fraction(_HUNDRED, min(counting))


def read_terms(terms: Mapping[str, Any]) -> Terms:
    """
    Read terms from JSON values: amounts are decimal texts in main units, shares whole percents.

    :raises OfferTermsNotSound: with what is wrong
    """
    _require_known(terms, _KNOWN)
    kind = _choice(terms, "kind", OfferVersion.Kind.values)
    wagering = _object(terms, "wagering")
    audience = _object(terms, "audience")
    base = _choice(wagering, "of", ("bonus", "bonus_and_deposit"))
    is_match = kind == OfferVersion.Kind.DEPOSIT_MATCH
    if base == "bonus_and_deposit" and not is_match:
        raise OfferTermsNotSound("wagering.of: a fixed amount has no deposit to wager.")
    read = Terms(
        kind=kind,
        jurisdictions=_words(terms, "jurisdictions"),
        amounts={each.currency: each for each in _amounts(terms, is_match=is_match)},
        percent=_number(terms, "percent", 1, 500) if is_match else 0,
        times=_times(wagering),
        is_of_deposit_too=base == "bonus_and_deposit",
        counts_bonus_only=_choice(wagering, "stakes", ("all", "bonus")) == "bonus",
        categories=_shares(wagering, "categories", Game.Category.values),
        games=_shares(wagering, "games", None),
        days_to_claim=_number(terms, "days_to_claim", 1, _MOST_DAYS["days_to_claim"]),
        days_to_wager=_number(terms, "days_to_wager", 1, _MOST_DAYS["days_to_wager"]),
        audience=_choice(audience, "kind", ("all", "new", "listed")),
        new_days=_number(audience, "days", 1, 90) if audience.get("kind") == "new" else 0,
        listed=_words(audience, "players", most=_MOST_LISTED) if audience.get("kind") == "listed" else (),
        per_player=_number(terms, "per_player", 1, 100),
        per_household=None if terms.get("per_household") is None else _number(terms, "per_household", 1, 100),
        forfeits_on_withdrawal=_choice(terms, "on_withdrawal", ("keep", "forfeit")) == "forfeit",
        text=str(terms.get("text", "")).strip(),
    )
    _require_fair(read)
    return read


def game_shares(terms: Terms) -> dict[str, int]:
    """
    The shares of single games by row id, as the follower reads them.

    :raises OfferTermsNotSound: if there is no such game
    """
    known = dict(Game.objects.filter(public_code__in=terms.games).values_list("public_code", "pk"))
    missing = sorted(set(terms.games) - known.keys())
    if missing:
        raise OfferTermsNotSound(f"wagering.games: there is no game {', '.join(missing)[:200]}.")
    return {str(known[code]): share for code, share in terms.games.items()}


def _require_fair(terms: Terms) -> None:
    """What no law has to forbid."""
    if not any((*terms.categories.values(), *terms.games.values())) and terms.times:
        raise OfferTermsNotSound("wagering: no game counts, so nobody could ever meet it.")
    if not terms.jurisdictions:
        raise OfferTermsNotSound("jurisdictions: none is named.")
    for each in terms.amounts.values():
        if each.conversion_limit is not None and each.conversion_limit < each.most:
            raise OfferTermsNotSound(f"conversion_limit: less {each.currency} than the bonus itself would become cash.")
        if each.stake_limit is not None and _too_slow(each, terms):
            raise OfferTermsNotSound(f"stake_limit: {each.currency} can not be wagered in {terms.days_to_wager} days.")
    shortest, longest = _TEXT_LENGTH
    if not shortest <= len(terms.text) <= longest:
        raise OfferTermsNotSound(f"text: what players read has {shortest} to {longest} characters.")


def _too_slow(each: Amounts, terms: Terms) -> bool:
    """Whether the stake limit leaves no way to wager the largest bonus in time."""
    reachable = (each.stake_limit or 0) * _STAKES_A_DAY * terms.days_to_wager
    return reachable < terms.required_for(each.most)


def _amounts(terms: Mapping[str, Any], *, is_match: bool) -> list[Amounts]:
    rows = terms.get("amounts")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise OfferTermsNotSound("amounts: a list with an object for each currency.")
    if len({row.get("currency") for row in rows}) != len(rows):
        raise OfferTermsNotSound("amounts: a currency stands twice.")
    return [_amount(row, is_match=is_match) for row in rows]


def _amount(row: Mapping[str, Any], *, is_match: bool) -> Amounts:
    _require_known(row, _AMOUNTS)
    currency = str(row.get("currency", ""))
    most = _units(row, "maximum" if is_match else "amount", currency)
    if not most:
        raise OfferTermsNotSound(f"amounts: {'maximum' if is_match else 'amount'} of {currency} is above zero.")
    if not is_match and row.get("minimum_deposit"):
        raise OfferTermsNotSound("amounts: a fixed amount asks for no deposit.")
    return Amounts(
        currency=currency,
        most=most,
        minimum_deposit=_units(row, "minimum_deposit", currency) or 0,
        stake_limit=_units(row, "stake_limit", currency),
        conversion_limit=_units(row, "conversion_limit", currency),
    )


def _units(row: Mapping[str, Any], name: str, currency: str) -> int | None:
    value = row.get(name)
    if value is None:
        return None
    try:
        units = Money.parse(value, currency).units
    except MoneyError as error:
        raise OfferTermsNotSound(f"{name}: {error}") from error
    if units < 0 or (not units and name != "minimum_deposit"):
        raise OfferTermsNotSound(f"{name}: an amount above zero, or left out.")
    return units


def _times(wagering: Mapping[str, Any]) -> Decimal:
    try:
        times = Decimal(str(wagering.get("times", "")))
    except InvalidOperation as error:
        raise OfferTermsNotSound('wagering.times: a decimal text such as "10".') from error
    if not (times.is_finite() and 0 <= times <= _MOST_TIMES and times == round(times, 2)):
        raise OfferTermsNotSound(f"wagering.times: from 0 to {_MOST_TIMES}, with two decimals at most.")
    return times


def _shares(wagering: Mapping[str, Any], name: str, known: list[str] | None) -> dict[str, int]:
    shares = wagering.get(name, {})
    if not isinstance(shares, dict):
        raise OfferTermsNotSound(f"wagering.{name}: an object of percents.")
    unknown = sorted(set(shares) - set(known)) if known is not None else []
    if unknown:
        raise OfferTermsNotSound(f"wagering.{name}: nobody knows {', '.join(map(str, unknown))[:200]}.")
    return {str(key): _number(shares, key, 0, _HUNDRED) for key in shares}


def _object(node: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = node.get(name)
    if not isinstance(value, dict):
        raise OfferTermsNotSound(f"{name}: an object is missing.")
    return value


def _words(node: Mapping[str, Any], name: str, *, most: int = 100) -> tuple[str, ...]:
    value = node.get(name)
    if not isinstance(value, list) or len(value) > most or not all(isinstance(each, str) for each in value):
        raise OfferTermsNotSound(f"{name}: a list of at most {most} texts.")
    return tuple(dict.fromkeys(value))


def _number(node: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = node.get(name)
    if type(value) is not int or not least <= value <= most:
        raise OfferTermsNotSound(f"{name}: a whole number from {least} to {most}.")
    return value


def _choice(node: Mapping[str, Any], name: str, choices: Any) -> str:
    value = node.get(name)
    if value not in choices:
        raise OfferTermsNotSound(f"{name}: one of {', '.join(choices)}.")
    return str(value)


def _require_known(node: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(set(node) - known)
    if unknown:
        raise OfferTermsNotSound(f"Nobody knows {', '.join(map(str, unknown))[:200]}.")
