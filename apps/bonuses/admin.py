"""Staff pages of bonuses, one file for each."""

from apps.bonuses.failed_steps_page import FailedStepAdmin
from apps.bonuses.grants_page import GrantAdmin
from apps.bonuses.offers_page import OfferVersionAdmin

__all__ = ["FailedStepAdmin", "GrantAdmin", "OfferVersionAdmin"]
