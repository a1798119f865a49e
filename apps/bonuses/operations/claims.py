"""Taking a bonus: every question is asked and kept, and the bonus is posted in the same transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from apps.bonuses.eligibility import ACTIVE, IDENTITY, NOT_AVAILABLE, OVER, PLAYING, Case, Check, checks_for_claim
from apps.bonuses.models import Claim, ClaimCheck, Grant, Offer, OfferVersion
from apps.bonuses.operations.endings import BonusEnded
from apps.bonuses.operations.offering import make_grant, versions_in_force
from apps.bonuses.operations.steps import BonusUnknown, lock_grant, record_step
from apps.bonuses.postings import buckets_of, post_claimed
from apps.bonuses.terms import read_terms
from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.players.models import Player
from apps.transactions.models import AccountKind
from apps.transactions.posting import lock_wallet

_CLAIMED = (
    "state", "claimed_at", "wager_by", "claim_transaction_id", "policy_version_id", "other_units",
    "opened_cash", "opened_bonus", "opened_restricted",
)  # fmt: skip


class BonusNotAvailable(DomainError):
    """The bonus can not be taken by this player now. Support can say more about the player's account."""

    code = NOT_AVAILABLE
    title = "This bonus is not available to you"
    status = 409


class BonusOver(DomainError):
    """The time in which the bonus could be taken is over, or the offer has ended."""

    code = OVER
    title = "This bonus can no longer be taken"
    status = 409


class BonusAlreadyActive(DomainError):
    """One bonus at a time in a currency: finish the one that is active, or give it up."""

    code = ACTIVE
    title = "Another bonus is active"
    status = 409


class BonusNeedsIdentity(DomainError):
    """The player's identity has to be verified first: `GET verifications` says what is missing."""

    code = IDENTITY
    title = "Verify your identity first"
    status = 409


class BonusDuringPlay(DomainError):
    """Where the player lives no bonus may be taken while a game is open: close it first."""

    code = PLAYING
    title = "Close your game first"
    status = 409


class BonusNeedsDeposit(DomainError):
    """The bonus is a share of a deposit: make one of at least `minimum_deposit`, and take the bonus it brings."""

    code = "bonus-needs-deposit"
    title = "This bonus comes with a deposit"
    status = 409


_REFUSALS: dict[str, type[DomainError]] = {
    each.code: each for each in (BonusNotAvailable, BonusOver, BonusAlreadyActive, BonusNeedsIdentity, BonusDuringPlay)
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claim: a grant, or a refusal, which is returned so that what was asked is kept."""

    grant: Grant | None
    refusal: DomainError | None


@transaction.atomic
def claim_bonus(*, player: Player, public_id: UUID, now: datetime) -> Outcome:
    """
    Take a bonus: one that waits for the player, or an offer of a fixed amount.

    :param public_id: of the grant or of the offer
    :raises BonusUnknown: if it is neither, or somebody else's
    :raises BonusNeedsDeposit: if the offer is a share of a deposit
    :raises BonusEnded: if the grant has been taken or has ended
    """
    # First of all: an exclusion, and what else changes the player, waits for this claim or is seen by it.
    player = Player.objects.select_related("brand").select_for_update(of=("self",), no_key=True).get(pk=player.pk)
    grant = Grant.objects.filter(player=player, public_id=public_id).select_related("version__offer").first()
    version = grant.version if grant is not None else _version_of(player, public_id, now)
    terms = read_terms(version.terms)
    if terms.per_household is not None:
        Offer.objects.select_for_update(no_key=True).get(pk=version.offer_id)
    currency = grant.currency if grant is not None else player.currency
    lock_wallet(player_id=player.pk, currency=currency)
    if grant is not None:
        grant = lock_grant(grant.pk)
        if grant.state != Grant.State.OFFERED:
            raise BonusEnded
    checks = checks_for_claim(Case(player, version, terms, currency, grant, now))
    refused = next((each for each in checks if not each.passed), None)
    if refused is not None:
        _keep(player, version, grant, checks, refused.refusal, now)
        return Outcome(None, _REFUSALS[refused.refusal]())
    if grant is None:
        units = terms.bonus_for(currency)
        grant = make_grant(
            player=player, version=version, terms=terms, currency=currency, units=units, source=Grant.Source.OFFER,
            now=now,
        )  # fmt: skip
    _take(grant, checks, wager_days=terms.days_to_wager, now=now)
    _keep(player, version, grant, checks, "", now)
    return Outcome(grant, None)


def _version_of(player: Player, public_id: UUID, now: datetime) -> OfferVersion:
    in_force = versions_in_force(brand_id=player.brand_id, at=now)
    version = next((each for each in in_force if each.offer.public_id == public_id), None)
    if version is None:
        raise BonusUnknown
    if version.kind == OfferVersion.Kind.DEPOSIT_MATCH:
        raise BonusNeedsDeposit
    return version


def _take(grant: Grant, checks: list[Check], *, wager_days: int, now: datetime) -> None:
    """Post the bonus, and keep where among the player's postings it begins. The wallet is locked."""
    buckets = buckets_of(grant)
    grant.other_units = buckets.bonus
    grant.opened_cash = buckets.versions[AccountKind.CASH]
    grant.opened_restricted = buckets.versions[AccountKind.RESTRICTED]
    # The posting of the bonus itself is the next one.
    grant.opened_bonus = buckets.versions[AccountKind.BONUS] + 1
    transaction_id = post_claimed(grant, buckets, now=now)
    law = next(each for each in checks if each.name == "law")
    grant.claim(
        at=now,
        wager_by=now + timedelta(days=wager_days),
        transaction_id=transaction_id,
        policy_version_id=law.policy_version_id,
    )
    grant.save(update_fields=list(_CLAIMED))
    grant.progress.bonus_version = grant.opened_bonus
    grant.progress.save(update_fields=["bonus_version"])
    record_step(grant, "claimed", transaction_id=transaction_id, now=now)


def _keep(
    player: Player, version: OfferVersion, grant: Grant | None, checks: list[Check], refusal: str, now: datetime
) -> None:
    claim = Claim.objects.create(
        player=player, version=version, grant=grant, refusal=refusal, request_id=current_request_id(), at=now
    )
    ClaimCheck.objects.bulk_create(
        ClaimCheck(
            claim=claim, name=each.name, passed=each.passed, evidence=each.evidence,
            policy_version_id=each.policy_version_id,
        )
        for each in checks
    )  # fmt: skip
