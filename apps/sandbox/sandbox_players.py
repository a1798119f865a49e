"""Players made for tests: found by id, made where missing, blocked and unblocked. Their money is in `funding`."""

import uuid
from datetime import date, datetime

from django.db import IntegrityError, transaction

from apps.brands.models import Brand, Currency, Jurisdiction, Market
from apps.core.currencies import currency_spec
from apps.core.errors import DomainError
from apps.core.ids import uuid7
from apps.players.models import Player
from apps.players.operations import change_status

_BIRTH_DATE = date(1990, 1, 1)
_USERNAME_PREFIX = "sandbox-"


class UnknownTestPlayer(DomainError):
    """No player goes by that id."""

    code = "unknown-test-player"
    title = "Unknown player"
    status = 404


class PlayerOfAnotherBrand(DomainError):
    """The player has an account at another brand than the integration serves."""

    code = "player-of-another-brand"
    title = "The player belongs to another brand"
    status = 409


def player_by_user_id(user_id: str) -> Player:
    """
    The player that outsiders call `user_id`: the public id, or the name a test gave to its test player.

    :raises UnknownTestPlayer: if there is none
    """
    public_id = _as_uuid(user_id)
    if public_id is not None:
        player = Player.objects.filter(public_id=public_id).first()
    else:
        player = Player.objects.filter(is_test=True, username__iexact=_username(user_id)).first()
    if player is None:
        raise UnknownTestPlayer(f"There is no player {user_id[:80]!r}.")
    return player


def ensure_test_player(*, brand: Brand, user_id: str, currency: str, now: datetime) -> Player:
    """
    Find the player `user_id`, or make a test player of that id; an empty id makes a new one each time.

    :raises PlayerOfAnotherBrand: if the player exists at another brand
    """
    try:
        player = _existing(brand, user_id) or _make(brand, user_id, currency, now)
    except IntegrityError:
        # Two requests named the same new player at once: the other one made it.
        made_meanwhile = _existing(brand, user_id)
        if made_meanwhile is None:
            raise
        player = made_meanwhile
    if player.brand_id != brand.pk:
        raise PlayerOfAnotherBrand(f"{user_id} is a player of another brand than {brand.code}.")
    return player


def set_blocked(*, player: Player, blocked: bool, now: datetime) -> None:
    """Restrict a player from play, or lift that restriction; other restrictions, suspension and closing stay."""
    restrictions = set(player.restrictions)
    play = Player.Restriction.PLAY.value
    wanted = restrictions | {play} if blocked else restrictions - {play}
    if wanted == restrictions or player.status not in {Player.Status.ACTIVE, Player.Status.RESTRICTED}:
        return
    to = Player.Status.RESTRICTED if wanted else Player.Status.ACTIVE
    change_status(
        player_id=player.pk,
        to=to,
        restrictions=sorted(wanted),
        reason_code="sandbox",
        note="isBlocked of a sandbox session",
        actor="sandbox",
        now=now,
    )


def enable_currency(*, brand: Brand, code: str) -> None:
    """
    Let a sandbox brand keep books in a currency.

    :raises UnknownCurrency: if it is none that players can hold
    """
    spec = currency_spec(code)
    currency, _ = Currency.objects.get_or_create(
        code=code,
        defaults={"name": code, "exponent": spec.exponent, "ledger_exponent": spec.ledger_exponent},
    )
    brand.currencies.add(currency)


def _existing(brand: Brand, user_id: str) -> Player | None:
    if not user_id:
        return None
    public_id = _as_uuid(user_id)
    if public_id is not None:
        return Player.objects.filter(public_id=public_id).first()
    return Player.objects.filter(brand=brand, is_test=True, username__iexact=_username(user_id)).first()


@transaction.atomic
def _make(brand: Brand, user_id: str, currency: str, now: datetime) -> Player:
    public_id = _as_uuid(user_id) or uuid7()
    username = _username(user_id or str(public_id))
    market = Market.objects.filter(brand=brand).select_related("jurisdiction").order_by("pk").first()
    return Player.objects.create(
        public_id=public_id,
        brand=brand,
        jurisdiction=market.jurisdiction if market else _fallback_jurisdiction(),
        username=username,
        email=f"{uuid.uuid4().hex}@sandbox.example",
        password="!",  # noqa: S106 - matches no password: test players are seated, they do not log in
        first_name="Test",
        last_name="Player",
        birth_date=_BIRTH_DATE,
        country=market.countries[0] if market else "MT",
        currency=currency,
        is_test=True,
        registered_at=now,
    )


def _fallback_jurisdiction() -> Jurisdiction:
    jurisdiction, _ = Jurisdiction.objects.get_or_create(
        code="MT",
        defaults={"name": "Malta", "regulator": "Malta Gaming Authority", "timezone": "Europe/Malta"},
    )
    return jurisdiction


def _username(user_id: str) -> str:
    return f"{_USERNAME_PREFIX}{user_id}"[:64]


def _as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
