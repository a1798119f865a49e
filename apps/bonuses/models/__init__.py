"""Offers, grants, their wagering, and how each claim was judged."""

from apps.bonuses.models.claims import Claim, ClaimCheck
from apps.bonuses.models.failed_steps import FailedStep
from apps.bonuses.models.grants import Grant, GrantStep
from apps.bonuses.models.offers import Listing, Offer, OfferVersion
from apps.bonuses.models.wagering import DepositSeen, LateCredit, Progress, Wager

__all__ = [
    "Claim",
    "ClaimCheck",
    "DepositSeen",
    "FailedStep",
    "Grant",
    "GrantStep",
    "LateCredit",
    "Listing",
    "Offer",
    "OfferVersion",
    "Progress",
    "Wager",
]
