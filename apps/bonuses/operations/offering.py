"""Making grants that wait to be taken: for a settled deposit, or because two people of the brand agreed."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from apps.bonuses.eligibility import Case, is_kept, may_be_offered
from apps.bonuses.models import DepositSeen, Grant, OfferVersion, Progress
from apps.bonuses.operations.steps import BonusUnknown, record_step
from apps.bonuses.terms import OfferTermsNotSound, Terms, read_terms
from apps.core.money import Money
from apps.payments.models import Deposit
from apps.players.models import Player


def versions_in_force(*, brand_id: int, at: datetime, kind: str | None = None) -> list[OfferVersion]:
    """Of each offer of a brand the version that was in force at an instant: the one that began last."""
    started = OfferVersion.objects.filter(
        Q(state=OfferVersion.State.PUBLISHED) | Q(state=OfferVersion.State.STOPPED, stopped_at__gt=at),
        offer__brand_id=brand_id, valid_from__lte=at,
    ).select_related("offer")  # fmt: skip
    latest = started.order_by("offer_id", "-valid_from").distinct("offer_id")
    return [
        each for each in latest if (each.valid_to is None or at < each.valid_to) and (kind is None or each.kind == kind)
    ]


@transaction.atomic
def offer_for_deposit(*, transaction_id: UUID, now: datetime) -> list[Grant]:
    """
    Make the grants that a settled deposit earns: one of each offer in force when it settled; none a second time.

    They wait for the player: nobody gets a bonus, and what it asks of him, without having said yes.
    """
    seen = DepositSeen.objects.select_for_update(no_key=True).filter(pk=transaction_id, done_at=None).first()
    if seen is None:
        return []
    seen.done_at = now
    seen.save(update_fields=["done_at"])
    deposit = Deposit.objects.select_related("player__brand").filter(public_id=seen.deposit_id).first()
    if deposit is None or not is_kept(deposit):
        return []
    made = []
    for version in versions_in_force(brand_id=deposit.brand_id, at=seen.at, kind=OfferVersion.Kind.DEPOSIT_MATCH):
        terms = read_terms(version.terms)
        case = Case(deposit.player, version, terms, deposit.currency, None, seen.at)
        units = terms.bonus_for(deposit.currency, deposit_units=seen.units)
        known = Grant.objects.filter(offer_id=version.offer_id, deposit=deposit).exists()
        if units and not known and may_be_offered(case):
            made.append(
                make_grant(
                    player=deposit.player, version=version, terms=terms, currency=deposit.currency, units=units,
                    source=Grant.Source.DEPOSIT, now=now, deposit=deposit,
                )
            )  # fmt: skip
    return made


@transaction.atomic
def give_manually(
    *, player_id: int, version_id: int, money: Money, maker: User, checker: User | None, now: datetime
) -> Grant:
    """
    Offer a player a bonus under the terms of an offer, whoever it was made for; he decides whether to take it.

    :raises BonusUnknown: if there is no such player or published version of his brand
    :raises OfferTermsNotSound: if the offer gives nothing in that currency, or not so much
    """
    player = Player.objects.select_related("brand").filter(pk=player_id).first()
    version = OfferVersion.objects.select_related("offer").filter(
        pk=version_id, state=OfferVersion.State.PUBLISHED
    ).first()  # fmt: skip
    if player is None or version is None or version.offer.brand_id != player.brand_id:
        raise BonusUnknown
    terms = read_terms(version.terms)
    require_within(terms, player, money)
    return make_grant(
        player=player, version=version, terms=terms, currency=money.currency, units=money.units,
        source=Grant.Source.MANUAL, now=now, given_by=maker, agreed_by=checker,
    )  # fmt: skip


def require_within(terms: Terms, player: Player, money: Money) -> None:
    """
    Refuse an amount that is more than the offer gives, or a player whose law the offer was not checked against.

    :raises OfferTermsNotSound: with which
    """
    amounts = terms.amounts.get(money.currency)
    if amounts is None or not 0 < money.units <= amounts.most:
        most = Money(amounts.most, money.currency).format() if amounts else "nothing"
        raise OfferTermsNotSound(f"The offer gives {most} {money.currency} at most.")
    if player.jurisdiction_id not in terms.jurisdictions:
        raise OfferTermsNotSound(f"The offer is not made in {player.jurisdiction_id}.")


def make_grant(
    *,
    player: Player,
    version: OfferVersion,
    terms: Terms,
    currency: str,
    units: int,
    source: str,
    now: datetime,
    deposit: Deposit | None = None,
    given_by: User | None = None,
    agreed_by: User | None = None,
) -> Grant:
    """Write a grant that waits to be taken, with the amounts that will hold for it."""
    amounts = terms.amounts[currency]
    grant = Grant.objects.create(
        player=player,
        brand_id=player.brand_id,
        offer_id=version.offer_id,
        version=version,
        source=source,
        deposit=deposit,
        given_by=given_by,
        agreed_by=agreed_by,
        currency=currency,
        amount_units=units,
        required_units=terms.required_for(units),
        stake_limit_units=amounts.stake_limit,
        conversion_limit_units=amounts.conversion_limit,
        forfeits_on_withdrawal=terms.forfeits_on_withdrawal,
        offered_at=now,
        claim_by=now + timedelta(days=terms.days_to_claim),
    )
    Progress.objects.create(grant=grant)
    record_step(grant, "offered", now=now, actor=agreed_by)
    return grant
