"""What follows a marker of harm at once: the rung its class asks for, carried out by `safer_play`."""

from datetime import datetime, timedelta

from apps.monitoring.models import Decision
from apps.safer_play.interactions import start_interaction

# Class → (action, channel): strong indicators stop marketing by themselves; people are spoken to by people.
RUNGS: dict[int, tuple[tuple[str, str], ...]] = {
    1: (),
    2: (("message", "on_site"),),
    3: (("message", "email"),),
    4: (("marketing_stop", "system"), ("contact", "phone")),
    5: (("marketing_stop", "system"), ("contact", "phone")),
}
_DAY_MINUTES = 24 * 60
_LONGEST_TEXT = 500


def take_steps(decision: Decision, *, harm_class: int, sla_minutes: int | None, now: datetime) -> int:
    """Start what a class asks for, once an alert; returns how many steps."""
    rungs = RUNGS[harm_class]
    for action, channel in rungs:
        start_interaction(
            player_id=decision.player_id,
            trigger=str(decision.rule_id),
            trigger_text=decision.explanation[:_LONGEST_TEXT],
            action=action,
            channel=channel,
            dedupe_key=f"monitoring:{decision.alert_id}:{action}",
            now=now,
            alert_id=str(decision.alert_id or ""),
            due_within=timedelta(minutes=sla_minutes or _DAY_MINUTES),
        )
    return len(rungs)
