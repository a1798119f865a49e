"""What the simulated vendors saw in the last hour, in figures: rounds, answers, and return to player."""

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from apps.sandbox.models import SimulatedRound, SimulatedTransaction
from apps.sandbox.vendors.catalogue import paytable_of
from apps.sandbox.vendors.speakers.registry import SPEAKERS

PERIOD = timedelta(hours=1)
# Beyond this many standard deviations the measured return is not chance any more.
_TOLERATED_DEVIATIONS = 4
_State = SimulatedRound.State


@dataclass(frozen=True, slots=True)
class VendorFigures:
    """One vendor's last hour. Returns are shares of one stake of equal size; None before the first round."""

    vendor: str
    title: str
    settled: int
    cancelled: int
    refused: int
    open: int
    accepted: int
    unexpected: int
    measured_rtp: float | None
    expected_rtp: float | None
    tolerance: float | None

    @property
    def rtp_is_plausible(self) -> bool:
        """Tell whether the measured return is within what chance explains."""
        if self.measured_rtp is None or self.expected_rtp is None or self.tolerance is None:
            return True
        return abs(self.measured_rtp - self.expected_rtp) <= self.tolerance


def vendor_figures() -> list[VendorFigures]:
    """Every vendor's last hour."""
    since = timezone.now() - PERIOD
    rounds = SimulatedRound.objects.filter(opened_at__gte=since)
    by_state: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in rounds.values("vendor_id", "state").annotate(number=Count("pk")):
        by_state[row["vendor_id"], row["state"]] = row["number"]
    transactions = SimulatedTransaction.objects.filter(round__opened_at__gte=since)
    answers = {
        row["vendor_id"]: row
        for row in transactions.values("vendor_id").annotate(
            accepted=Count("pk", filter=Q(state=SimulatedTransaction.State.ACCEPTED)),
            unexpected=Count("pk", filter=~Q(unexpected="")),
        )
    }
    found = []
    for vendor, speaker in SPEAKERS.items():
        measured, expected, tolerance = _returns(vendor, rounds)
        answered = answers.get(vendor, {"accepted": 0, "unexpected": 0})
        found.append(
            VendorFigures(
                vendor=vendor,
                title=speaker.title,
                settled=by_state[vendor, _State.SETTLED],
                cancelled=by_state[vendor, _State.CANCELLED],
                refused=by_state[vendor, _State.REFUSED],
                open=by_state[vendor, _State.OPEN],
                accepted=answered["accepted"],
                unexpected=answered["unexpected"],
                measured_rtp=measured,
                expected_rtp=expected,
                tolerance=tolerance,
            )
        )
    return found


def _returns(vendor: str, rounds: QuerySet[SimulatedRound]) -> tuple[float | None, float | None, float | None]:
    """Mean return of settled rounds, what the paytables promise for these games and stakes, and what chance allows."""
    staked = won = 0
    expected = variance = Fraction(0)
    games = (
        rounds.filter(vendor_id=vendor, state=_State.SETTLED)
        .values("session__game_code", "stake")
        .annotate(number=Count("pk"), won=Sum("payout"))
    )
    for row in games:
        table = paytable_of(vendor, row["session__game_code"])
        staked += row["stake"] * row["number"]
        won += row["won"]
        expected += table.rtp * row["stake"] * row["number"]
        variance += table.variance * row["stake"] ** 2 * row["number"]
    if not staked:
        return None, None, None
    deviation = math.sqrt(variance) / staked
    return won / staked, float(expected / staked), _TOLERATED_DEVIATIONS * deviation
