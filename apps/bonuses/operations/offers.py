"""Drafting, publishing and stopping offers. Published terms never change: what changes is a new version."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max

from apps.bonuses.law import Verdict, verdicts_on
from apps.bonuses.models import Listing, Offer, OfferVersion
from apps.bonuses.operations.steps import BonusUnknown
from apps.bonuses.terms import OfferTermsNotSound, Terms, game_shares, read_terms
from apps.brands.models import Brand, StaffScope
from apps.core.errors import DomainError
from apps.players.models import Player

DRAFT_PERMISSION = "bonuses.draft_offer"
PUBLISH_PERMISSION = "bonuses.publish_offer"
STOP_PERMISSION = "bonuses.stop_offer"
_State = OfferVersion.State
_PUBLISHED = ("state", "published_by", "published_at", "policy_versions")


class OfferUnlawful(DomainError):
    """The terms break the bonus rules of a jurisdiction in which the bonus would be offered."""

    code = "offer-unlawful"
    title = "The law does not allow these terms"
    status = 422


class OfferNotOpen(DomainError):
    """The version is not in the state in which this could be done."""

    code = "offer-not-open"
    title = "This can not be done with this version any more"
    status = 409


@transaction.atomic
def draft_version(
    *,
    brand_id: int,
    code: str,
    name: str,
    terms: Mapping[str, Any],
    valid_from: datetime,
    valid_to: datetime | None,
    actor: User | None,
    now: datetime,
) -> OfferVersion:
    """
    Write down the terms of a new offer, or new terms of one there is. Nobody sees them until two people agreed.

    :param actor: None only for the platform's own set-up
    :raises PermissionDenied: if the actor may not
    :raises OfferTermsNotSound: if the terms are not, or end before they begin
    """
    brand = Brand.objects.filter(pk=brand_id).first()
    if brand is None:
        raise BonusUnknown
    _require(actor, DRAFT_PERMISSION, brand.pk)
    read = read_terms(terms)
    _require_of_brand(read, brand)
    if valid_to is not None and valid_to <= valid_from:
        raise OfferTermsNotSound("They end before they begin.")
    offer, _ = Offer.objects.get_or_create(brand=brand, code=code, defaults={"name": name, "created_at": now})
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer.pk)
    last = offer.versions.aggregate(last=Max("number"))["last"] or 0
    return OfferVersion.objects.create(
        offer=offer,
        number=last + 1,
        kind=read.kind,
        jurisdictions=list(read.jurisdictions),
        currencies=sorted(read.amounts),
        terms=dict(terms),
        categories=dict(read.categories),
        games=game_shares(read),
        counts_bonus_only=read.counts_bonus_only,
        valid_from=valid_from,
        valid_to=valid_to,
        drafted_by=actor,
        drafted_at=now,
    )


@transaction.atomic
def publish_version(*, version_id: int, maker: User | None, checker: User | None, now: datetime) -> OfferVersion:
    """
    Open an offer on these terms. Called with two people by the approval, and by the platform's own set-up without.

    :raises OfferNotOpen: if it is no draft, or began before the version that is in force
    :raises OfferUnlawful: if the terms break the rules of a jurisdiction
    """
    found = OfferVersion.objects.select_related("offer").filter(pk=version_id).first()
    if found is None:
        raise BonusUnknown
    Offer.objects.select_for_update(no_key=True).get(pk=found.offer_id)
    version = OfferVersion.objects.select_for_update(of=("self",)).select_related("offer").get(pk=version_id)
    if maker is not None:
        _require(checker, PUBLISH_PERMISSION, version.offer.brand_id)
    verdicts = require_publishable(version, now=now)
    version.drafted_by = maker
    version.publish(by=checker, at=now, policy_versions={each.jurisdiction: each.version_id for each in verdicts})
    version.save(update_fields=[*_PUBLISHED, "drafted_by"])
    terms = read_terms(version.terms)
    players = Player.objects.filter(public_id__in=terms.listed, brand_id=version.offer.brand_id)
    Listing.objects.bulk_create(Listing(version=version, player=each) for each in players)
    return version


def require_publishable(version: OfferVersion, *, now: datetime) -> list[Verdict]:
    """
    Look whether a draft could be published now, and return what each law says of it.

    :raises OfferNotOpen: if it is no draft, or began before another version of the offer
    :raises OfferTermsNotSound: if its terms no longer are
    :raises OfferUnlawful: if the terms break the rules of a jurisdiction
    """
    if version.state != _State.DRAFT:
        raise OfferNotOpen
    if version.valid_to is not None and version.valid_to <= now:
        raise OfferNotOpen("Its time is over already.")
    later = version.offer.versions.filter(state=_State.PUBLISHED, valid_from__gte=version.valid_from)
    if later.exists():
        raise OfferNotOpen("A version that begins later, or then, is published already.")
    terms = read_terms(version.terms)
    _require_listed(terms, version.offer.brand_id)
    verdicts = verdicts_on(terms, brand_id=version.offer.brand_id, now=max(now, version.valid_from))
    broken = [f"{each.jurisdiction}: {words}" for each in verdicts for words in each.broken]
    if broken:
        raise OfferUnlawful(f"{'; '.join(broken)}.")
    return verdicts


@transaction.atomic
def stop_offer(*, version_id: int, actor: User, now: datetime) -> OfferVersion:
    """
    Stop an offer at once: nobody takes it any more. Bonuses that players have, or that wait for them, stay theirs.

    :raises PermissionDenied: if the actor may not
    :raises OfferNotOpen: if it is not published
    """
    version = _locked(version_id, actor, STOP_PERMISSION)
    if version.state != _State.PUBLISHED:
        raise OfferNotOpen
    version.stop(by=actor, at=now)
    version.save(update_fields=["state", "stopped_by", "stopped_at"])
    return version


@transaction.atomic
def discard_draft(*, version_id: int, actor: User) -> OfferVersion:
    """
    Put a draft away.

    :raises OfferNotOpen: if it is no draft
    """
    version = _locked(version_id, actor, DRAFT_PERMISSION)
    if version.state != _State.DRAFT:
        raise OfferNotOpen
    version.discard()
    version.save(update_fields=["state"])
    return version


def digest_of(version: OfferVersion) -> str:
    """SHA-256 over what two people agree on, in hex."""
    whole = {
        "offer": version.offer_id,
        "number": version.number,
        "terms": version.terms,
        "valid_from": version.valid_from.isoformat(),
        "valid_to": version.valid_to.isoformat() if version.valid_to else None,
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _locked(version_id: int, actor: User, permission: str) -> OfferVersion:
    rows = OfferVersion.objects.select_for_update(of=("self",)).select_related("offer")
    version = rows.filter(pk=version_id).first()
    if version is None:
        raise BonusUnknown
    _require(actor, permission, version.offer.brand_id)
    return version


def _require(actor: User | None, permission: str, brand_id: int) -> None:
    if actor is None:
        return
    if not actor.has_perm(permission):
        raise PermissionDenied
    if not (actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=brand_id).exists()):
        raise BonusUnknown


def _require_of_brand(terms: Terms, brand: Brand) -> None:
    markets = set(brand.markets.values_list("jurisdiction_id", flat=True))
    currencies = set(brand.currencies.values_list("code", flat=True))
    if unknown := sorted(set(terms.jurisdictions) - markets):
        raise OfferTermsNotSound(f"{brand.name} serves nobody in {', '.join(unknown)}.")
    if unknown := sorted(set(terms.amounts) - currencies):
        raise OfferTermsNotSound(f"{brand.name} keeps no books in {', '.join(unknown)}.")


def _require_listed(terms: Terms, brand_id: int) -> None:
    if terms.audience != "listed":
        return
    try:
        found = Player.objects.filter(public_id__in=terms.listed, brand_id=brand_id).count()
    except (ValueError, TypeError) as error:
        raise OfferTermsNotSound("audience.players: ids of players, as the player API shows them.") from error
    if not found or found != len(terms.listed):
        raise OfferTermsNotSound(f"audience.players: {len(terms.listed) - found} of {len(terms.listed)} do not exist.")
