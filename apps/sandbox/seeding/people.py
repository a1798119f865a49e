"""Demo data: one member of staff a role, and players with test money. Passwords are random and come from outside."""

import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.management import call_command

from apps.brands.models import Brand, StaffScope
from apps.core.money import Money
from apps.players.models import Player
from apps.players.operations import Registration, change_status
from apps.players.passwords import password_hash
from apps.sandbox.funding import set_balances
from apps.sandbox.seeding.places import AURORA, NORDLYS
from apps.transactions.models import AccountKind
from apps.wallets.operations import register_with_wallet

Passwords = MutableMapping[str, str]
"""`staff/<username>` or `<brand>/<username>` → password."""

_ROLES = (
    "compliance_analyst",
    "investigator",
    "mlro",
    "rg_officer",
    "kyc_agent",
    "payments",
    "support",
    "auditor",
    "policy_author",
    "policy_approver",
    "game_ops",
    "admin",
)
# So that one person can propose and another approve.
_SECOND_OF_ROLE = {
    "payments": "payments_lead", "mlro": "mlro_deputy", "rg_officer": "rg_lead", "admin": "admin_lead",
    "game_ops": "game_ops_lead",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Person:
    username: str
    first_name: str
    last_name: str
    brand: str
    country: str
    currency: str
    cash: str
    bonus: str = "0"
    status: str = Player.Status.ACTIVE
    restrictions: tuple[str, ...] = ()

    @property
    def may_play(self) -> bool:
        return self.status == Player.Status.ACTIVE


_PEOPLE = (
    _Person("aino", "Aino", "Lahti", AURORA, "FI", "EUR", "750", "20"),
    _Person("bjorn", "Björn", "Ekström", AURORA, "SE", "SEK", "8000"),
    _Person("carla", "Carla", "Zammit", AURORA, "MT", "EUR", "1200", "50"),
    _Person("dieter", "Dieter", "Hollmann", AURORA, "DE", "EUR", "400"),
    _Person("emma", "Emma", "Tremblay", AURORA, "CA", "CAD", "900", "25"),
    _Person("finley", "Finley", "Marsh", AURORA, "GB", "GBP", "650"),
    _Person("greta", "Greta", "Sandberg", AURORA, "SE", "SEK", "5000"),
    _Person("hugo", "Hugo", "Borg", AURORA, "MT", "EUR", "300"),
    _Person("ida", "Ida", "Kjær", NORDLYS, "DK", "DKK", "4000"),
    _Person("jonas", "Jonas", "Berg", NORDLYS, "SE", "SEK", "3500"),
    _Person("kaisa", "Kaisa", "Niemi", AURORA, "FI", "EUR", "120", "0", Player.Status.RESTRICTED, ("play", "bonus")),
    _Person("lorenz", "Lorenz", "Adler", AURORA, "DE", "EUR", "15.50", "0", Player.Status.SUSPENDED),
)


def seed_staff(passwords: Passwords) -> None:
    """Make the roles, and an account for each; every account sees both brands."""
    call_command("sync_roles", verbosity=0)
    usernames = {role: role for role in _ROLES} | {second: role for role, second in _SECOND_OF_ROLE.items()}
    brands = list(Brand.objects.filter(code__in=(AURORA, NORDLYS)))
    for username, role in usernames.items():
        user, made = User.objects.get_or_create(
            username=username, defaults={"is_staff": True, "email": f"{username}@staff.example"}
        )
        key = f"staff/{username}"
        if made or key not in passwords:
            user.set_password(_password(passwords, key))
            user.save(update_fields=["password"])
        if made:
            user.groups.add(Group.objects.get(name=role))
            StaffScope.objects.bulk_create(StaffScope(user=user, brand=brand) for brand in brands)


def seed_players(passwords: Passwords, *, now: datetime) -> None:
    """Register the demo's players, each with test money, and two who got into trouble."""
    for place, person in enumerate(_PEOPLE):
        key = f"{person.brand}/{person.username}"
        player = Player.objects.filter(brand__code=person.brand, username=person.username).first()
        if player is None:
            _register(person, _password(passwords, key), now - timedelta(days=90 - 7 * place))
        elif person.may_play and key not in passwords:
            player.password = password_hash(_password(passwords, key))
            player.save(update_fields=["password"])


def staff_documents(passwords: Passwords) -> list[dict[str, Any]]:
    """The staff's log-ins in the public form."""
    usernames = [(role, role) for role in _ROLES] + list(_SECOND_OF_ROLE.items())
    return [
        {"role": role, "username": username, "password": passwords[f"staff/{username}"], "totp_secret": None}
        for role, username in usernames
    ]


def player_documents(passwords: Passwords) -> list[dict[str, str]]:
    """The log-ins of players who may play, in the public form."""
    return [
        {"username": who.username, "password": passwords[f"{who.brand}/{who.username}"], "brand": who.brand}
        for who in _PEOPLE
        if who.may_play
    ]


def _register(person: _Person, password: str, registered_at: datetime) -> None:
    player = register_with_wallet(
        registration=Registration(
            brand=person.brand,
            username=person.username,
            password=password,
            email=f"{person.username}@player.example",
            birth_date=date(1988, 3, 14),
            country=person.country,
            currency=person.currency,
            first_name=person.first_name,
            last_name=person.last_name,
        ),
        now=registered_at,
    )
    targets = {
        AccountKind.CASH: Money.parse(person.cash, person.currency),
        AccountKind.BONUS: Money.parse(person.bonus, person.currency),
    }
    set_balances(player=player, currency=person.currency, targets=targets, now=registered_at + timedelta(minutes=9))
    if not person.may_play:
        change_status(
            player_id=player.pk,
            to=person.status,
            restrictions=person.restrictions,
            reason_code="demo",
            note="Made so by the demo's seed, to have one of each",
            actor="seed_demo",
            now=registered_at + timedelta(days=1),
        )


def _password(passwords: Passwords, key: str) -> str:
    return passwords.setdefault(key, secrets.token_urlsafe(12))
