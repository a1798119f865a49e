"""What verification makes somebody's work: through `compliance.alerts`, in the transaction of what happened."""

from datetime import datetime
from decimal import Decimal

from apps.compliance.alerts import raise_alert
from apps.verification.models import DueDiligence, ScreeningHit, Verification

SOURCE = "verification"


def alert_review(verification: Verification, *, now: datetime) -> None:
    """A verification that a vendor, or what the player told us, leaves open."""
    raise_alert(
        player_id=verification.player_id,
        blueprint="kyc",
        source=SOURCE,
        dedupe_key=f"verification:{verification.pk}",
        severity="medium",
        title="A verification has to be decided",
        explanation=(
            f"The verification of {verification.get_level_display().lower()} is in review"
            f" ({verification.staff_reason or 'vendor'}): compare what the vendor read with what the player told us."
        ),
        evidence={"verification": str(verification.public_id), "labels": verification.labels},
        now=now,
    )


def alert_hit(hit: ScreeningHit, *, now: datetime) -> None:
    """A listed person who may be the player, or is."""
    is_confirmed = hit.state == ScreeningHit.State.CONFIRMED
    agrees = f"{hit.corroboration:+d} for birth date and country"
    raise_alert(
        player_id=hit.player_id,
        blueprint="screening",
        source=SOURCE,
        dedupe_key=f"hit:{hit.pk}{':confirmed' if is_confirmed else ''}",
        severity="critical" if is_confirmed and hit.is_sanction else "high" if hit.is_sanction else "medium",
        title=f"{'Is' if is_confirmed else 'May be'} on a {'sanctions' if hit.is_sanction else 'PEP'} list",
        explanation=f"Name {hit.score:.0%} like {hit.caption} ({hit.dataset}), threshold 70 %, {agrees}.",
        evidence={"hit": str(hit.public_id), "entity": hit.entity_id, "dataset": hit.dataset},
        magnitude=Decimal(str(hit.rank)),
        now=now,
    )


def alert_threshold(diligence: DueDiligence, *, now: datetime) -> None:
    """A player at the threshold who is not known well enough."""
    threshold, measured = diligence.threshold, diligence.measured
    locked = "Withdrawals are locked; he may go on playing." if diligence.locks_funds else "Nothing is locked."
    raise_alert(
        player_id=diligence.player_id,
        blueprint="kyc",
        source=SOURCE,
        dedupe_key=f"cdd:{diligence.pk}",
        severity="high" if diligence.locks_funds else "medium",
        title="Due diligence threshold reached",
        explanation=(
            f"{measured['value']} {measured['currency']} of {threshold['amount']} {threshold['currency']}"
            f" ({threshold['basis']}, within {threshold['window_hours']} hours). {locked}"
        ),
        evidence={"due_diligence": str(diligence.public_id), "units": measured["units"]},
        policy_version_id=diligence.policy_version_id,
        magnitude=Decimal(measured["value"]),
        now=now,
    )
