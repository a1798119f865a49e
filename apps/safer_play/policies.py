"""The one place of this app that asks for policies: whose, on which local day, at which age."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from apps.compliance.policies import MEMBER_STATES, UNION, local_day, policy
from apps.players.models import Player
from apps.players.operations.registration import age_in_years


@dataclass(frozen=True, slots=True)
class Answer:
    """A value in force. `is_own`: of the player's own jurisdiction, not borrowed from the strictest other one."""

    value: Any
    version_id: int | None
    is_own: bool


def local_date(player: Player, now: datetime) -> date:
    """The day it is where the player's law applies."""
    return local_day(player.jurisdiction_id, now)


def age_of(player: Player, now: datetime) -> int:
    """The player's age on that day."""
    return age_in_years(player.birth_date, local_date(player, now))


def policy_for(player: Player, parameter: str, now: datetime) -> Answer:
    """What policy says about a parameter for this player now."""
    return policy_in(
        player.jurisdiction_id,
        parameter,
        on=local_date(player, now),
        age=age_of(player, now),
        brand_id=player.brand_id,
    )


def policy_in(
    jurisdiction: str, parameter: str, *, on: date, age: int | None = None, brand_id: int | None = None
) -> Answer:
    """What policy says about a parameter in a jurisdiction."""
    answer = policy(parameter, jurisdiction=jurisdiction, on=on, age=age, brand_id=brand_id)
    is_union = answer.jurisdiction == UNION and jurisdiction in MEMBER_STATES
    is_own = answer.version_id is not None and (answer.jurisdiction == jurisdiction or is_union)
    return Answer(answer.value, answer.version_id, is_own=is_own)


def own_value(player: Player, parameter: str, now: datetime) -> Answer:
    """
    Like `policy_for`, but nothing where the jurisdiction itself has no value.

    For duties that only exist where a law makes them (a register, a cap, a pace of games): the strictest of other
    jurisdictions is no law here. For protections such as a delay the strictest does no harm.
    """
    answer = policy_for(player, parameter, now)
    return answer if answer.is_own else Answer(None, answer.version_id, is_own=False)
