"""Staff pages of bonuses, one file for each."""

from apps.bonuses.grants_page import GrantAdmin
from apps.bonuses.offers_page import OfferVersionAdmin

__all__ = ["GrantAdmin", "OfferVersionAdmin"]
