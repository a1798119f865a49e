"""Offers, players who take and wager them over HTTP, and the worker that follows."""

from datetime import timedelta
from typing import Any

from django.test import Client

from apps.bonuses.following import act, follow_ledger
from apps.bonuses.models import Grant, OfferVersion
from apps.bonuses.operations.offers import draft_version, publish_version
from apps.core import clock
from apps.integrations.exchange_log import flush
from apps.players.models import Player
from apps.wallets.queries import balances_of
from tests.contracts.family import UNIT, Vendor
from tests.factories.integrations import make_brand
from tests.payments.play import post
from tests.providers.table import EURO, GAME

TEXT = "Play with our money on top of yours. The conditions below decide what becomes of it."


def terms_of(**changes: Any) -> dict[str, Any]:
    """A fixed bonus of 20 euro, wagered five times with slots, for everybody in Malta."""
    wagering = {"times": "5", "of": "bonus", "stakes": "all", "categories": {"slot": 100, "table": 10}}
    terms: dict[str, Any] = {
        "kind": "fixed",
        "jurisdictions": ["MT"],
        "amounts": [{"currency": "EUR", "amount": "20.00"}],
        "wagering": wagering | changes.pop("wagering", {}),
        "days_to_claim": 3,
        "days_to_wager": 7,
        "audience": {"kind": "all"},
        "per_player": 1,
        "per_household": None,
        "on_withdrawal": "keep",
        "text": TEXT,
    }
    return terms | changes


def match_terms(**changes: Any) -> dict[str, Any]:
    """100 % of a deposit of 20 euro or more, at most 50, wagered five times."""
    amounts = {"currency": "EUR", "maximum": "50.00", "minimum_deposit": "20.00", **changes.pop("amounts", {})}
    return terms_of(**{"kind": "deposit_match", "percent": 100, "amounts": [amounts], **changes})


def publish(terms: dict[str, Any], code: str = "welcome", **more: Any) -> OfferVersion:
    """Put an offer of the brand in force, as the platform's own set-up does."""
    now = clock.now()
    start = more.pop("valid_from", now - timedelta(hours=1))
    draft = draft_version(
        brand_id=make_brand().pk, code=code, name=code.title(), terms=terms, valid_from=start,
        valid_to=more.pop("valid_to", None), actor=None, now=now,
    )  # fmt: skip
    return publish_version(version_id=draft.pk, maker=None, checker=None, now=now)


def claim(frontend: Client, public_id: object, key: str | None = None) -> Any:
    """POST bonuses/{id}/claim."""
    return post(frontend, f"bonuses/{public_id}/claim", {}, key)


def give_up(frontend: Client, public_id: object) -> Any:
    """POST bonuses/{id}/forfeit."""
    return post(frontend, f"bonuses/{public_id}/forfeit", {})


def claimed(frontend: Client, version: OfferVersion) -> Grant:
    """Take an offer of a fixed amount."""
    answer = claim(frontend, version.offer.public_id)
    assert answer.status_code == 200, answer.content
    return Grant.objects.get(public_id=answer.json()["id"])


def worked() -> int:
    """Let the worker do its round: the log's thread may have a transaction open, before which nobody reads on."""
    assert flush(10)
    follow_ledger()
    return act(now=clock.now())


def fresh(grant: Grant) -> Grant:
    """As the database has it."""
    return Grant.objects.select_related("progress", "offer", "version").get(pk=grant.pk)


def counted(grant: Grant) -> float:
    """Euros toward the requirement."""
    return fresh(grant).progress.counted_units / EURO


def purse(player: Player) -> tuple[float, float]:
    """Euros in cash and bonus."""
    (wallet,) = balances_of(player.pk)
    return wallet.cash / EURO, wallet.bonus / EURO


def bet(vendor: Vendor, euros: float, round_ref: str, **fields: Any) -> str:
    """Bet; returns the id of the bet."""
    assert vendor.bet(round(euros * UNIT), round=round_ref, **{**GAME, **fields})["status"] == "RS_OK"
    return str(vendor.sent[-1]["transaction_uuid"])


def win(vendor: Vendor, bet_id: str, euros: float, round_ref: str) -> None:
    """Pay a win for a bet."""
    assert vendor.win(bet_id, round(euros * UNIT), round=round_ref, **GAME)["status"] == "RS_OK"
