"""Seats a test player at a game or cashier: player, money, session. What `POST /sandbox/session` does."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.brands.models import Brand
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.integrations.models import Integration
from apps.payments.cashier_sessions import open_cashier_session
from apps.players.models import Player
from apps.providers.catalogue_entries import public_code
from apps.providers.game_sessions import open_game_session
from apps.providers.models import Game, GameSession, Studio
from apps.sandbox.funding import set_balances
from apps.sandbox.sandbox_players import enable_currency, ensure_test_player, set_blocked
from apps.transactions.models import AccountKind
from apps.wallets.operations import open_wallet

_DEFAULT_GAME_CODE = "sandbox_game"


class UnknownSandboxIntegration(DomainError):
    """No game or payment provider is connected under that name."""

    code = "unknown-sandbox-integration"
    title = "Unknown integration"
    status = 404


@dataclass(frozen=True, slots=True)
class Seat:
    """A player at a provider's game or cashier; the token is nowhere else in clear."""

    player: Player
    token: str


def seat_player(
    *,
    provider: str,
    user_id: str,
    currency: str,
    cash: Money | None,
    promo: Money | None,
    blocked: bool | None,
    game_code: str,
    now: datetime,
) -> Seat:
    """
    Open a session at a game or cashier for a test player, made or found, after setting balances and blocking.

    :param user_id: a public id or a test's own name; empty for a new player
    :param cash: new cash balance (the restricted bucket plays as cash and is emptied); None keeps it
    :param promo: new bonus balance; None keeps it
    :param game_code: the vendor's code, catalogued if unknown; empty for the integration's first game
    :raises UnknownSandboxIntegration: if no game or payment provider is connected under `provider`
    :raises PlayerOfAnotherBrand: if the player's account is at another brand
    """
    kinds = (Integration.Kind.GAMES, Integration.Kind.PAYMENTS)
    integration = Integration.objects.filter(slug=provider, kind__in=kinds).first()
    if integration is None:
        raise UnknownSandboxIntegration(f"No game or payment provider is connected as {provider[:80]!r}.")
    brand = Brand.objects.get(code=integration.brand_code)
    enable_currency(brand=brand, code=currency)
    player = ensure_test_player(brand=brand, user_id=user_id, currency=currency, now=now)
    _set_money(player, currency, cash, promo, now)
    if blocked is not None:
        set_blocked(player=player, blocked=blocked, now=now)
    if integration.kind == Integration.Kind.PAYMENTS:
        open_wallet(player, currency)
        return Seat(player, open_cashier_session(player=player, integration_id=integration.pk, now=now))
    opened = open_game_session(
        player=player,
        integration=integration,
        game=ensure_game(vendor=integration.vendor, code=game_code),
        currency=currency,
        now=now,
    )
    return Seat(player=player, token=opened.token)


def seat_again(*, vendor: str, user_id: str, now: datetime) -> Seat:
    """
    Open one more session of a player where he sat last at this vendor; his money stays.

    A player nobody knows is made, with 1000 EUR.

    :raises UnknownSandboxIntegration: if the vendor is not connected
    """
    last = (
        GameSession.objects.filter(player__public_id=user_id, integration__vendor=vendor)
        if _is_uuid(user_id)
        else GameSession.objects.filter(player__username=f"sandbox-{user_id}", integration__vendor=vendor)
    )
    session = last.select_related("integration", "game").order_by("-pk").first()
    if session is not None:
        where = (session.integration.slug, session.currency, session.game.code)
    else:
        integration = Integration.objects.filter(vendor=vendor).order_by("pk").first()
        where = (integration.slug if integration else vendor, "EUR", "")
    known = session is not None or (_is_uuid(user_id) and Player.objects.filter(public_id=user_id).exists())
    return seat_player(
        provider=where[0],
        user_id=user_id,
        currency=where[1],
        cash=None if known else Money.parse("1000", "EUR"),
        promo=None,
        blocked=None,
        game_code=where[2],
        now=now,
    )


def ensure_game(*, vendor: str, code: str) -> Game:
    """Find a vendor's game, or catalogue it, enabled; an empty code means the vendor's first game."""
    if code:
        game = Game.objects.filter(vendor=vendor, code=code).first()
    else:
        game = Game.objects.filter(vendor=vendor, is_enabled=True).order_by("pk").first()
    return game or _catalogue_game(vendor, code or _DEFAULT_GAME_CODE)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _catalogue_game(vendor: str, code: str) -> Game:
    studio, _ = Studio.objects.get_or_create(code="sandbox", defaults={"name": "Sandbox"})
    try:
        with transaction.atomic():
            return Game.objects.create(
                vendor=vendor,
                code=code,
                public_code=public_code(vendor, code),
                title=code.replace("_", " ").title(),
                studio=studio,
                platforms=[],  # played by tests in sessions of theirs; no vendor opens it to a player
                released_on=date(2026, 1, 1),
                is_enabled=True,
            )
    except IntegrityError:
        # Another session catalogued the same game at this very moment.
        return Game.objects.get(vendor=vendor, code=code)


def _set_money(player: Player, currency: str, cash: Money | None, promo: Money | None, now: datetime) -> None:
    targets: dict[AccountKind, Money] = {}
    if cash is not None:
        targets |= {AccountKind.CASH: cash, AccountKind.RESTRICTED: Money.zero(currency)}
    if promo is not None:
        targets[AccountKind.BONUS] = promo
    if targets:
        set_balances(player=player, currency=currency, targets=targets, now=now)
