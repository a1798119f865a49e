"""What a decision on a case can do through this app: set a limit, exclude the player."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User

from apps.compliance.effects import EffectField, register_effect
from apps.compliance.models import Case
from apps.core.money import Money
from apps.safer_play.exclusions import ExclusionTerms, Kind, exclude_person
from apps.safer_play.limit_terms import Terms
from apps.safer_play.limits import lower_limit
from apps.safer_play.models import Limit


def register() -> None:
    """Register them; called once the models are loaded."""
    periods = tuple((value, label) for value, label in Limit.Period.choices if value)
    register_effect(
        "set_limit",
        title="Set a lower limit",
        permission="safer_play.lower_limit",
        apply=_set_limit,
        fields=[
            EffectField("kind", "What is limited", "choice", tuple(Limit.Kind.choices)),
            EffectField("period", "Period", "choice", periods, required=False, help_text="None for a single stake"),
            EffectField("amount", "Amount", "money", required=False, help_text="In the player's currency"),
            EffectField("minutes", "Minutes", "number", required=False, help_text="Of a limit on time"),
        ],
        description="Counts with the next bet or deposit, beside the limits the player has set himself.",
    )
    register_effect(
        "exclude",
        title="Exclude the player",
        permission="safer_play.exclude_player",
        apply=_exclude,
        fields=[
            EffectField("days", "For days", "number", required=False, help_text="Empty: until two people end it"),
        ],
        danger=True,
        description="Ends every session and bars play, deposits and marketing. Wins settle, and money can leave.",
    )


def _set_limit(
    *, case: Case, params: Mapping[str, Any], reason_code: str, note: str, actor: User, now: datetime
) -> Mapping[str, Any]:
    amount = params.get("amount")
    currency = case.player.currency
    terms = Terms(
        kind=params["kind"],
        period=params.get("period", ""),
        money=Money.from_decimal(Decimal(amount), currency, precision="currency") if amount else None,
        minutes=params.get("minutes"),
    )
    reason = f"{case.reference}, {reason_code}: {note}"[:300]
    change = lower_limit(player_id=case.player_id, terms=terms, actor=actor.get_username(), reason=reason, now=now)
    limit = change.effective or change.pending
    return {"limit": str(limit.public_id) if limit else None, "terms": limit.terms_text if limit else ""}


def _exclude(
    *, case: Case, params: Mapping[str, Any], reason_code: str, note: str, actor: User, now: datetime
) -> Mapping[str, Any]:
    days = params.get("days")
    exclusion = exclude_person(
        player_id=case.player_id,
        terms=ExclusionTerms(kind=Kind.OPERATOR, lasts=timedelta(days=days) if days else None),
        actor=actor.get_username(),
        reason=f"{case.reference}, {reason_code}: {note}"[:300],
        now=now,
    )
    return {
        "exclusion": str(exclusion.public_id),
        "ends_at": exclusion.ends_at.isoformat() if exclusion.ends_at else None,
    }
