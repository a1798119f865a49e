"""A player at a vendor's table, and the staff who look after it."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.brands.models import Brand, StaffScope
from apps.compliance.approvals import decide_approval
from apps.compliance.models import ApprovalRequest
from apps.core import clock
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.game_sessions import open_game_session
from apps.providers.models import Game, RoundPolicy
from apps.providers.round_policies import Terms, propose_policy
from apps.transactions.models import Account
from apps.transactions.posting import Leg, post, shared_account
from tests.contracts.family import Vendor

EURO = 1_000_000
GAME = {"game_code": "clt_dragonrising"}


def seated(player: Player, integration: Integration, game: Game) -> Vendor:
    """Seat a player and return the vendor who plays for him."""
    opened = open_game_session(
        player=player, integration=integration, game=game, currency="EUR", now=clock.now() - timedelta(seconds=5)
    )
    return Vendor("caleta", Client(), token=opened.token, user=str(player.public_id))


def play(vendor: Vendor, stake: int, round_ref: str = "r-1", **fields: object) -> str:
    """Bet whole euros; returns the bet's transaction id."""
    assert vendor.bet(stake * 100_000, round=round_ref, **GAME, **fields)["status"] == "RS_OK"
    return str(vendor.sent[-1]["transaction_uuid"])


def staff(name: str, *permissions: str) -> User:
    """Make a member of staff of every brand with these permissions."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    StaffScope.objects.bulk_create(StaffScope(user=user, brand=brand) for brand in Brand.objects.all())
    return user


def decide(asked: ApprovalRequest, checker: User, *, approve: bool = True) -> ApprovalRequest:
    """Let a colleague decide on a request."""
    return decide_approval(
        request_id=asked.pk, checker=checker, approve=approve, reason="seen the vendor's log", now=clock.now()
    )


def published(maker: User, checker: User, **terms: Any) -> RoundPolicy:
    """Let two people publish a policy for interrupted rounds; terms override a void after a day."""
    defaults: dict[str, Any] = {
        "interrupted_after_minutes": 30,
        "resolve_after_hours": 24,
        "outcome": "void",
        "text": "After a day your stake is returned.",
        "source": "GLI-19",
        "effective_at": clock.now(),
    }
    asked = propose_policy(terms=Terms(**(defaults | terms)), maker=maker, reason="published rules", now=clock.now())
    result: Any = decide(asked, checker).result
    return RoundPolicy.objects.get(pk=result["policy"])


def cash_of(player: Player) -> int:
    """Cash in euro, in ledger units."""
    return Account.objects.get(player_id=player.pk, currency="EUR", kind="cash").balance


def set_restricted(player: Player, units: int) -> None:
    """Put money into the restricted bucket by a posting."""
    source = shared_account(brand_id=player.brand_id, currency="EUR", kind="test_funding")
    target = Account.objects.get(player_id=player.pk, currency="EUR", kind="restricted")
    post(
        kind="test_funding",
        brand_id=player.brand_id,
        currency="EUR",
        player_id=player.pk,
        legs=[Leg(debit=source, credit=target.pk, amount=units)],
        now=clock.now(),
    )


def balances(player: Player) -> dict[str, int]:
    """Whole euros by bucket."""
    found = Account.objects.filter(player_id=player.pk, currency="EUR", kind__in=("cash", "restricted"))
    return {kind: units // EURO for kind, units in found.values_list("kind", "balance")}
