"""What safer play keeps: limits, exclusions, answers of registers, reality checks, interactions."""

from apps.safer_play.models.deposits import DepositUse
from apps.safer_play.models.exclusions import Exclusion, ExclusionReturn, MarketingStop
from apps.safer_play.models.guards import FOREVER, Guard, Pace, Refusal, Tally
from apps.safer_play.models.interactions import Interaction
from apps.safer_play.models.limits import Limit, LimitEvent
from apps.safer_play.models.registers import RegisterQuery
from apps.safer_play.models.reviews import Review
from apps.safer_play.models.sessions import RealityCheck, RealityChoice
from apps.safer_play.models.visits import ExclusionVisit

__all__ = [
    "FOREVER",
    "DepositUse",
    "Exclusion",
    "ExclusionReturn",
    "ExclusionVisit",
    "Guard",
    "Interaction",
    "Limit",
    "LimitEvent",
    "MarketingStop",
    "Pace",
    "RealityCheck",
    "RealityChoice",
    "Refusal",
    "RegisterQuery",
    "Review",
    "Tally",
]
