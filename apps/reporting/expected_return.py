"""What games should return beside what their rounds returned in a time, with the band that chance explains."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Sum

from apps.reporting.models import RtpDay
from apps.reporting.performance import Asked
from apps.reporting.rtp_bounds import ALARMS_A_GAME, NOTHING_MEASURED, Judgement, Measured, judge
from apps.reporting.rtp_measuring import Declared, declared_of

_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class OfVariant:
    """The rounds of one variant."""

    variant_id: int
    declared: Declared | None
    measured: Measured


def returns_of(game_ids: Sequence[int], asked: Asked) -> dict[int, Judgement]:
    """Judge games over a time, all currencies together (a return has none); those nobody declared are left out."""
    found = {}
    for game_id, variants in variants_of(game_ids, asked).items():
        known = [each for each in variants if each.declared is not None]
        measured = sum((each.measured for each in known), NOTHING_MEASURED)
        if measured.rounds > 0:
            shares = [(each.measured.rounds / measured.rounds, each.declared) for each in known]
            declared = sum(share * each.rtp for share, each in shares if each)
            deviation = max(each.deviation for _, each in shares if each)
            found[game_id] = judge(measured, declared=declared, deviation=deviation, alarm_chance=ALARMS_A_GAME)
    return found


def variants_of(game_ids: Sequence[int], asked: Asked) -> dict[int, list[OfVariant]]:
    """What the rounds of each variant returned in a time."""
    rows = RtpDay.objects.filter(game_id__in=game_ids, day__gte=asked.since, day__lte=asked.until)
    if asked.brand_ids is not None:
        rows = rows.filter(brand_id__in=asked.brand_ids)
    sums = list(
        rows.order_by()
        .values_list("game_id", "variant_id")
        .annotate(Sum("rounds"), Sum("returned_ppm"), Sum("returned_ppm_squares"))
    )
    declared = {each.key: each for each in declared_of((game_id, variant) for game_id, variant, *_ in sums)}
    found: dict[int, list[OfVariant]] = {}
    for game_id, variant_id, rounds, returned, squares in sums:
        if rounds > 0:
            measured = Measured(int(rounds), float(returned) / _PPM, float(squares) / _PPM**2)
            one = OfVariant(variant_id, declared.get((game_id, variant_id)), measured)
            found.setdefault(game_id, []).append(one)
    return found
