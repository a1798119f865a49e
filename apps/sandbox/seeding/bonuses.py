"""Demo data: two offers that players can take, players who took one, and a third offer that waits for a colleague."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from apps.bonuses.commands import PUBLISH_OFFER
from apps.bonuses.models import Offer
from apps.bonuses.operations.claims import claim_bonus
from apps.bonuses.operations.offers import draft_version, publish_version
from apps.brands.models import Brand
from apps.compliance.approvals import request_approval
from apps.players.models import Player
from apps.sandbox.seeding.places import AURORA

_ALL_SLOTS = {"slot": 100}
_MATCH: dict[str, Any] = {
    "kind": "deposit_match",
    "percent": 100,
    "jurisdictions": ["GB", "MT"],
    "amounts": [
        {"currency": "EUR", "maximum": "100.00", "minimum_deposit": "10.00", "stake_limit": "5.00"},
        {"currency": "GBP", "maximum": "100.00", "minimum_deposit": "10.00", "stake_limit": "5.00"},
    ],
    "wagering": {"times": "10", "of": "bonus", "stakes": "all", "categories": _ALL_SLOTS},
    "days_to_claim": 7,
    "days_to_wager": 30,
    "audience": {"kind": "all"},
    "per_player": 1,
    "per_household": 1,
    "on_withdrawal": "forfeit",
    "text": "Your deposit, doubled: as much again from us, up to 100. Play it through ten times with slots.",
}
# So often that its takers, who play all the time, are still at it when somebody looks.
_WEEKEND: dict[str, Any] = {
    "kind": "fixed",
    "jurisdictions": ["MT"],
    "amounts": [{"currency": "EUR", "amount": "10.00", "conversion_limit": "100.00"}],
    "wagering": {
        "times": "40", "of": "bonus", "stakes": "all",
        "categories": {"slot": 100, "crash": 50, "instant": 100, "table": 20, "live": 10},
    },
    "days_to_claim": 3,
    "days_to_wager": 7,
    "audience": {"kind": "all"},
    "per_player": 1,
    "per_household": 1,
    "on_withdrawal": "keep",
    "text": "Ten euro from us for the weekend. Play them through forty times within a week; most games count.",
}  # fmt: skip
_NEXT = _WEEKEND | {
    "amounts": [{"currency": "EUR", "amount": "15.00"}],
    "wagering": _WEEKEND["wagering"] | {"times": "8"},
    "audience": {"kind": "new", "days": 14},
    "text": "Fifteen euro to get to know us. Play them through eight times within a week; most games count.",
}
_FIRST = "welcome-match"
_TAKERS = ("carla", "hugo", "aino")


def seed_bonuses(*, now: datetime) -> None:
    """Open the offers where they are missing, let players take one, and ask for the third."""
    brand = Brand.objects.get(code=AURORA)
    if Offer.objects.filter(brand=brand, code=_FIRST).exists():
        return
    _published(brand, _FIRST, "Double your deposit", _MATCH, now)
    weekend = _published(brand, "weekend-ten", "Ten for the weekend", _WEEKEND, now)
    for player in Player.objects.filter(brand=brand, username__in=_TAKERS):
        claim_bonus(player=player, public_id=weekend.public_id, now=now)
    maker = User.objects.get(username="game_ops")
    draft = draft_version(
        brand_id=brand.pk, code="newcomers", name="Fifteen for newcomers", terms=_NEXT,
        valid_from=now + timedelta(days=1), valid_to=now + timedelta(days=90), actor=maker, now=now,
    )  # fmt: skip
    request_approval(
        command=PUBLISH_OFFER, payload={"version": draft.pk}, maker=maker, now=now,
        reason="For the autumn campaign; the wording was agreed with marketing.",
    )  # fmt: skip


def _published(brand: Brand, code: str, name: str, terms: dict[str, Any], now: datetime) -> Offer:
    draft = draft_version(
        brand_id=brand.pk, code=code, name=name, terms=terms, valid_from=now, valid_to=None, actor=None, now=now
    )
    return publish_version(version_id=draft.pk, maker=None, checker=None, now=now).offer
