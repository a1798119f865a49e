"""Which looks at personal data an auditor should ask about: many at once, by night, without a case, at one player."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from apps.backoffice.models import PersonalDataRead

DAYS = 30
_MANY_A_DAY = 5
_TIMES_USUAL = 3
_WITHOUT_CASE = 5
_LOOKERS_AT_ONE = 3
_CURIOUS_DAYS = 7
# People work at all hours; a look by night is not wrong, but somebody should be able to say why.
_NIGHT = frozenset({22, 23, 0, 1, 2, 3, 4, 5})
_MOST_READ = 20_000


@dataclass(frozen=True, slots=True)
class Look:
    """One look, as far as the rules need it."""

    at: datetime
    user: str
    player_id: int
    player: str
    has_case: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to ask about: who, what, and how many looks it rests on."""

    who: str
    words: str
    looks: int
    last_at: datetime


def looks_since(since: datetime, *, brands: Collection[int] | None) -> list[Look]:
    """Looks since then at players of these brands (None: all), the oldest first; one query."""
    rows = PersonalDataRead.objects.filter(read_at__gte=since).order_by("read_at", "pk")
    if brands is not None:
        rows = rows.filter(player__brand_id__in=brands)
    found = rows.values_list("read_at", "user__username", "player_id", "player__username", "case_id")
    return [Look(at, user, pk, name, case is not None) for at, user, pk, name, case in found[:_MOST_READ]]


def findings(looks: Sequence[Look], *, now: datetime) -> list[Finding]:
    """Apply every rule; the most looks first."""
    found = [*_bursts(looks), *_without_cases(looks), *_by_night(looks), *_at_one_player(looks, now)]
    return sorted(found, key=lambda each: (-each.looks, each.who, each.words))


def by_day(looks: Iterable[Look], *, now: datetime) -> list[tuple[date, int, int]]:
    """Looks a day for the days shown: with a case held, and without."""
    counts = Counter((look.at.date(), look.has_case) for look in looks)
    days = [(now - timedelta(days=back)).date() for back in range(DAYS - 1, -1, -1)]
    return [(day, counts[day, True], counts[day, False]) for day in days]


def _of_people(looks: Iterable[Look]) -> dict[str, list[Look]]:
    people: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        people[look.user].append(look)
    return people


def _bursts(looks: Sequence[Look]) -> Iterable[Finding]:
    """Far more in a day than the person's own usual day."""
    for who, own in _of_people(looks).items():
        days = Counter(look.at.date() for look in own)
        today = max(days, key=lambda day: (days[day], day))
        usual = median([count for day, count in days.items() if day != today] or [0])
        if days[today] >= _MANY_A_DAY and days[today] >= _TIMES_USUAL * usual:
            told = f"{days[today]} looks on {today:%d %b}; a usual day of theirs has {usual:g}"
            yield Finding(who, told, days[today], max(look.at for look in own if look.at.date() == today))


def _without_cases(looks: Sequence[Look]) -> Iterable[Finding]:
    """Looks at players of whom the person held no case."""
    for who, own in _of_people(look for look in looks if not look.has_case).items():
        if len(own) >= _WITHOUT_CASE:
            players = len({look.player_id for look in own})
            yield Finding(who, f"{len(own)} looks at {players} players without a case of theirs", len(own), own[-1].at)


def _by_night(looks: Sequence[Look]) -> Iterable[Finding]:
    for who, own in _of_people(look for look in looks if look.at.hour in _NIGHT).items():
        yield Finding(who, f"{len(own)} looks between 22:00 and 06:00 UTC", len(own), own[-1].at)


def _at_one_player(looks: Sequence[Look], now: datetime) -> Iterable[Finding]:
    """One player whom several people wanted to see within days: somebody well known, or a matter that went round."""
    at_player: dict[int, list[Look]] = defaultdict(list)
    for look in looks:
        if look.at > now - timedelta(days=_CURIOUS_DAYS):
            at_player[look.player_id].append(look)
    for own in at_player.values():
        people = sorted({look.user for look in own})
        if len(people) >= _LOOKERS_AT_ONE:
            told = f"{len(people)} people looked at {own[0].player} within {_CURIOUS_DAYS} days"
            yield Finding(", ".join(people), told, len(own), own[-1].at)
