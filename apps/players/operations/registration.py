"""Registration: who may open an account, where, and in which currency. The wallet is opened one row above."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from apps.brands.models import Brand, Jurisdiction, Market
from apps.core.errors import DomainError
from apps.players.admission import ask_before_registration
from apps.players.facts import tell
from apps.players.models import Player
from apps.players.passwords import password_hash, require_good_password
from apps.players.queries import open_brand

MINIMUM_AGE_YEARS = 18
# Where the law asks for more: Ontario 19 (AGCO), New Jersey and Estonia 21.
MINIMUM_AGE_YEARS_IN: dict[str, int] = {"CA-ON": 19, "US-NJ": 21, "EE": 21}


class UsernameTaken(DomainError):
    """Somebody of this brand has the username already; upper and lower case count as the same."""

    code: ClassVar[str] = "username-taken"
    title: ClassVar[str] = "The username is taken"
    status: ClassVar[int] = 409


class EmailTaken(DomainError):
    """An account of this brand has the e-mail address already: log in, or use another."""

    code: ClassVar[str] = "email-taken"
    title: ClassVar[str] = "The e-mail address is taken"
    status: ClassVar[int] = 409


class CountryNotServed(DomainError):
    """The brand has no licence that covers the country, or takes no new players there at present."""

    code: ClassVar[str] = "country-not-served"
    title: ClassVar[str] = "The brand does not serve this country"
    status: ClassVar[int] = 422


class CurrencyNotOffered(DomainError):
    """The brand keeps no wallets in the currency; `offered` lists those it does."""

    code: ClassVar[str] = "currency-not-offered"
    title: ClassVar[str] = "The brand does not offer this currency"
    status: ClassVar[int] = 422


class TooYoung(DomainError):
    """The person has not reached the legal age to gamble in the jurisdiction; `minimum_age` is in years."""

    code: ClassVar[str] = "too-young"
    title: ClassVar[str] = "Below the legal age"
    status: ClassVar[int] = 422


_TAKEN: dict[str, type[DomainError]] = {
    "players_player_username": UsernameTaken,
    "players_player_email": EmailTaken,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a person tells us to open an account. ``brand`` is the brand's code."""

    brand: str
    username: str
    password: str
    email: str
    birth_date: date
    country: str
    currency: str
    first_name: str
    last_name: str
    phone: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    language: str = "en"

    def __repr__(self) -> str:
        """Without the password: this may end up in a log."""
        return f"Registration({self.username!r} at {self.brand!r})"


def admit_registration(*, registration: Registration, now: datetime) -> None:
    """
    Ask whoever else has a say (`players.admission`) before a person is registered. Not inside a transaction.

    :raises DomainError: what brand, country, currency or age refuse, or else what those asked say
    """
    brand = open_brand(registration.brand)
    jurisdiction = _market(brand, registration.country).jurisdiction
    _require_currency(brand, registration.currency)
    _require_age(registration.birth_date, jurisdiction, now)
    ask_before_registration(registration=registration, brand=brand, jurisdiction=jurisdiction, now=now)


@transaction.atomic
def register_player(*, registration: Registration, now: datetime, is_test: bool = False) -> Player:
    """
    Open an account. It has no wallet yet; `apps.wallets.operations.register_with_wallet` does both.

    :param is_test: made by the sandbox, so left out of reports
    :raises UnknownBrand: if there is no such brand, or it is switched off
    :raises CountryNotServed: if no open market of the brand covers the country
    :raises CurrencyNotOffered: if the brand does not offer the currency
    :raises TooYoung: by the day it is in the jurisdiction
    :raises PasswordTooWeak: if the password is easily guessed
    :raises UsernameTaken: within the brand, whatever the case
    :raises EmailTaken: likewise
    """
    brand = open_brand(registration.brand)
    jurisdiction = _market(brand, registration.country).jurisdiction
    _require_currency(brand, registration.currency)
    _require_age(registration.birth_date, jurisdiction, now)
    player = Player(
        brand=brand,
        jurisdiction=jurisdiction,
        username=registration.username,
        email=registration.email,
        first_name=registration.first_name,
        last_name=registration.last_name,
        birth_date=registration.birth_date,
        country=registration.country,
        phone=registration.phone,
        street=registration.street,
        city=registration.city,
        postcode=registration.postcode,
        language=registration.language,
        currency=registration.currency,
        is_test=is_test,
        registered_at=now,
    )
    require_good_password(registration.password, owner=player)
    player.password = password_hash(registration.password)
    try:
        with transaction.atomic():
            player.save(force_insert=True)
    except IntegrityError as error:
        refuse_if_taken(error)
        raise
    tell(player, "registered", now=now, country=player.country, currency=player.currency)
    return player


def refuse_if_taken(error: IntegrityError) -> None:
    """
    Turn a broken unique constraint of a player into its refusal; anything else is left alone.

    :raises UsernameTaken: if it is the username's
    :raises EmailTaken: if it is the e-mail address's
    """
    diagnosis = getattr(error.__cause__, "diag", None)
    taken = _TAKEN.get(getattr(diagnosis, "constraint_name", None) or "")
    if taken is not None:
        raise taken from error


def age_in_years(birth_date: date, today: date) -> int:
    """Count full years; who was born on 29 February has the birthday on 1 March in other years."""
    had_no_birthday_yet = (today.month, today.day) < (birth_date.month, birth_date.day)
    return today.year - birth_date.year - had_no_birthday_yet


def _market(brand: Brand, country: str) -> Market:
    """The open market that covers a country; of several, the country's own, else the first by code."""
    markets = Market.objects.filter(brand=brand, is_open=True, countries__contains=[country])
    found = sorted(
        markets.select_related("jurisdiction"),
        key=lambda market: (market.jurisdiction_id != country, market.jurisdiction_id),
    )
    if not found:
        raise CountryNotServed
    return found[0]


def _require_currency(brand: Brand, currency: str) -> None:
    offered = list(brand.currencies.filter(is_enabled=True).values_list("code", flat=True))
    if currency not in offered:
        raise CurrencyNotOffered(extensions={"offered": offered})


def _require_age(birth_date: date, jurisdiction: Jurisdiction, now: datetime) -> None:
    minimum = MINIMUM_AGE_YEARS_IN.get(jurisdiction.code, MINIMUM_AGE_YEARS)
    today = now.astimezone(ZoneInfo(jurisdiction.timezone)).date()
    if age_in_years(birth_date, today) < minimum:
        raise TooYoung(f"Players must be at least {minimum} years old.", extensions={"minimum_age": minimum})
