"""What bonuses let two people do together: publish an offer, and give a player a bonus by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from apps.bonuses.models import OfferVersion
from apps.bonuses.operations.offering import give_manually, require_within
from apps.bonuses.operations.offers import (
    DRAFT_PERMISSION,
    PUBLISH_PERMISSION,
    OfferNotOpen,
    digest_of,
    publish_version,
    require_publishable,
)
from apps.bonuses.operations.steps import BonusUnknown
from apps.bonuses.terms import read_terms
from apps.bonuses.wording import terms_in_words
from apps.compliance.approval_commands import register_command
from apps.core.money import Money
from apps.players.models import Player

PUBLISH_OFFER = "bonuses.publish_offer"
GIVE_BONUS = "bonuses.give_bonus"
GIVE_PERMISSION = "bonuses.give_grant"
AGREE_PERMISSION = "bonuses.agree_grant"


def register() -> None:
    """Register the commands; called once the models are loaded."""
    register_command(
        PUBLISH_OFFER,
        title="Publish a bonus offer",
        maker_permission=DRAFT_PERMISSION,
        checker_permission=PUBLISH_PERMISSION,
        execute=_publish,
        describe=_offer_in_words,
        revalidate=_recheck_offer,
        fingerprint=lambda payload: digest_of(_version(payload)),
    )
    register_command(
        GIVE_BONUS,
        title="Give a player a bonus",
        maker_permission=GIVE_PERMISSION,
        checker_permission=AGREE_PERMISSION,
        execute=_give,
        describe=_gift_in_words,
        revalidate=_recheck_gift,
    )


def _version(payload: Mapping[str, Any]) -> OfferVersion:
    version = OfferVersion.objects.select_related("offer__brand").filter(pk=payload["version"]).first()
    if version is None:
        raise BonusUnknown
    return version


def _publish(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    version = publish_version(version_id=payload["version"], maker=maker, checker=checker, now=now)
    return {"offer": version.offer.code, "version": version.number}


def _offer_in_words(payload: Mapping[str, Any]) -> str:
    version = _version(payload)
    until = f" until {version.valid_to:%Y-%m-%d %H:%M} UTC" if version.valid_to else ""
    return (
        f"Publish {version} at {version.offer.brand.name} from {version.valid_from:%Y-%m-%d %H:%M} UTC{until}."
        f" {' '.join(terms_in_words(read_terms(version.terms)))}"
    )


def _recheck_offer(*, payload: Mapping[str, Any], now: datetime) -> None:
    require_publishable(_version(payload), now=now)


def _give(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    money = Money(payload["units"], payload["currency"])
    grant = give_manually(
        player_id=payload["player"], version_id=payload["version"], money=money, maker=maker, checker=checker, now=now
    )
    return {"grant": str(grant.public_id)}


def _gift_in_words(payload: Mapping[str, Any]) -> str:
    version, money = _version(payload), Money(payload["units"], payload["currency"])
    player = Player.objects.get(pk=payload["player"])
    required = Money(read_terms(version.terms).required_for(money.units), money.currency)
    return (
        f"Offer {player.username} a bonus of {money.format()} {money.currency} on the terms of {version}:"
        f" {required.format()} {money.currency} to be wagered. The player decides whether to take it."
    )


def _recheck_gift(*, payload: Mapping[str, Any], now: datetime) -> None:
    version = _version(payload)
    player = Player.objects.filter(pk=payload["player"]).first()
    if player is None or player.brand_id != version.offer.brand_id:
        raise BonusUnknown
    if not version.is_open(now):
        raise OfferNotOpen("The offer is not open.")
    require_within(read_terms(version.terms), player, Money(payload["units"], payload["currency"]))
