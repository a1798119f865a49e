"""Breaks and exclusions: effect at once, in one transaction, on every account of the person that is covered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from apps.brands.models import Brand, Market
from apps.core.errors import DomainError
from apps.core.request_context import current_request_id
from apps.integrations.outbox import record_fact
from apps.players.models import Player, PlayerSession
from apps.players.queries import live_sessions
from apps.safer_play import rules
from apps.safer_play.guarding import hold_bets_off, lock_player_with_law, refresh_guard
from apps.safer_play.marketing import stop_marketing
from apps.safer_play.models import Exclusion
from apps.safer_play.registers.contract import Subject
from apps.safer_play.staff import require_staff
from apps.safer_play.visits import finish_visit

Kind = Exclusion.Kind
_LONGEST = timedelta(days=366 * 100)
# A time-out is a short break; who wants longer excludes himself.
LONGEST_TIME_OUT = timedelta(days=92)
SHORTEST_SELF_EXCLUSION = timedelta(days=1)
WATCHED_FOR = timedelta(days=30)
"""Whoever comes back is watched for so long (RG-24)."""

ON_EXCLUSION: list[Callable[..., None]] = []
"""
What apps above do in the transaction of an exclusion: end game sessions, cancel bonuses.

Filled in their `AppConfig.ready`; each is called with `player`, `now`, for every account covered.
"""


class ExclusionNotPossible(DomainError):
    """The length does not go with the kind of exclusion; the text says what would."""

    code: ClassVar[str] = "exclusion-not-possible"
    title: ClassVar[str] = "Such an exclusion is not possible"
    status: ClassVar[int] = 422


class ExclusionNotShortened(DomainError):
    """A break may be lengthened, never shortened, by its player."""

    code: ClassVar[str] = "exclusion-not-shortened"
    title: ClassVar[str] = "An exclusion can not be shortened"
    status: ClassVar[int] = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionTerms:
    """What kind, and how long: `lasts` from now, or empty for what the kind says, or until it is ended."""

    kind: str
    lasts: timedelta | None = None


def is_excluded(player_id: int, *, now: datetime) -> bool:
    """Whether a player may neither play nor deposit because of an exclusion."""
    return active_exclusion(player_id, now=now) is not None


def active_exclusion(player_id: int, *, now: datetime) -> Exclusion | None:
    """The exclusion of a player that lasts longest; one whose time is over does not count, whatever the tasks do."""
    return max(_in_force(now).filter(player_id=player_id), key=end_of, default=None)


def exclusions_of(player_id: int) -> QuerySet[Exclusion]:
    """Every exclusion of a player, newest first."""
    return Exclusion.objects.filter(player_id=player_id).order_by("-id")


@transaction.atomic
def exclude_person(
    *,
    player_id: int,
    terms: ExclusionTerms,
    now: datetime,
    actor: str = "player",
    reason: str = "",
    keep_session_id: int | None = None,
) -> Exclusion:
    """
    Exclude a player, and with a self-exclusion his other accounts that it covers. All or nothing, and at once.

    Log-ins and game sessions end, bets are refused from the commit on, marketing stops. Wins and rollbacks of earlier
    bets are booked; money may be paid out.

    :param keep_session_id: a log-in that goes on, for withdrawals
    :raises ExclusionNotPossible: if the length does not go with the kind
    :raises ExclusionNotShortened: if a running one of that kind lasts longer
    """
    ids = covered_accounts(player_id, kind=terms.kind, now=now)
    # In the order of ids, as everywhere where several players are locked.
    players = {pk: lock_player_with_law(pk) for pk in sorted({player_id, *ids})}
    for pk in players:
        hold_bets_off(pk)
    own = _exclude(players[player_id], terms, None, actor, reason, keep_session_id, now)
    for pk in sorted(ids - {player_id}):
        other = active_exclusion(pk, now=now)
        if other is None or end_of(other) < end_of(own):
            _exclude(players[pk], terms, own, actor, reason, None, now)
    return own


@transaction.atomic
def exclude_by_staff(
    *, player_id: int, lasts: timedelta | None, kind: str = Kind.OPERATOR, actor: User, reason: str, now: datetime
) -> Exclusion:
    """
    Exclude a player on behalf of the operator, or of a third party.

    :param lasts: None until it is ended
    :raises PermissionDenied: without the permission, or at another brand
    """
    player = lock_player_with_law(player_id)
    require_staff(actor, "exclude_player", player)
    if kind not in (Kind.OPERATOR, Kind.THIRD_PARTY):
        raise ExclusionNotPossible("Staff exclude for the operator or for a third party.")
    return exclude_person(
        player_id=player_id,
        terms=ExclusionTerms(kind=kind, lasts=lasts),
        actor=actor.get_username(),
        reason=reason,
        now=now,
    )


@transaction.atomic
def lengthen_exclusion(
    *, exclusion_id: int, ends_at: datetime | None, actor: User, reason: str, now: datetime
) -> Exclusion:
    """
    Let a running exclusion end later, or never by itself. Ending one earlier is another matter, see `returning`.

    :raises PermissionDenied: without the permission, or at another brand
    :raises ExclusionNotShortened: if that would be earlier
    """
    found = Exclusion.objects.filter(pk=exclusion_id).values_list("player_id", flat=True).first()
    if found is None:
        raise ExclusionNotPossible("There is no such exclusion.")
    player = lock_player_with_law(found)
    require_staff(actor, "lengthen_exclusion", player)
    exclusion = Exclusion.objects.select_for_update().get(pk=exclusion_id)
    if exclusion.state != Exclusion.State.ACTIVE or exclusion.ends_at is None:
        raise ExclusionNotShortened("It has ended, or has no end.")
    if ends_at is not None and ends_at <= exclusion.ends_at:
        raise ExclusionNotShortened
    exclusion.ends_at = ends_at
    exclusion.reason = f"{exclusion.reason} · lengthened by {actor.get_username()}: {reason}"[:300]
    exclusion.save(update_fields=["ends_at", "reason"])
    refresh_guard(player, now=now)
    return exclusion


def covered_accounts(player_id: int, *, kind: str, now: datetime) -> set[int]:
    """
    Other accounts of the same person that an exclusion covers: at this brand, and at brands of the same licence.

    A time-out and the panic button are of one account; the rest is of the person.
    """
    if kind in (Kind.TIME_OUT, Kind.PANIC):
        return set()
    player = Player.objects.select_related("brand", "jurisdiction").get(pk=player_id)
    if not rules.exclusion_rule(player, now).covers_licence and kind == Kind.SELF_EXCLUSION:
        brands = {player.brand_id}
    else:
        brands = brands_of_licence(player.brand, player.jurisdiction_id)
    return set(
        _same_person(
            first_name=player.first_name,
            last_name=player.last_name,
            birth_date=player.birth_date,
            email=player.email,
            phone=player.phone,
        )
        .filter(brand_id__in=brands)
        .exclude(pk=player.pk)
        .values_list("pk", flat=True)
    )


def linked_exclusion(subject: Subject, *, brand: Brand, jurisdiction: str, now: datetime) -> Exclusion | None:
    """An exclusion in force of another account of this person, at a brand of the same licence."""
    accounts = _same_person(
        first_name=subject.first_name,
        last_name=subject.last_name,
        birth_date=subject.birth_date,
        email=subject.email,
        phone=subject.phone,
    ).filter(brand_id__in=brands_of_licence(brand, jurisdiction))
    long_ones = (Kind.SELF_EXCLUSION, Kind.OPERATOR, Kind.THIRD_PARTY, Kind.REGISTER)
    return _in_force(now).filter(player__in=accounts, kind__in=long_ones).first()


def brands_of_licence(brand: Brand, jurisdiction: str) -> set[int]:
    """The brands that are run under the same licence in a jurisdiction, this one included."""
    licence = Market.objects.filter(brand=brand, jurisdiction=jurisdiction).values_list("licence", flat=True).first()
    if not licence:
        return {brand.pk}
    same = Market.objects.filter(jurisdiction=jurisdiction, licence=licence).values_list("brand_id", flat=True)
    return {brand.pk, *same}


def _same_person(*, first_name: str, last_name: str, birth_date: date, email: str, phone: str) -> QuerySet[Player]:
    """Accounts with the same name and birth date and the same e-mail address or telephone."""
    reached = Q(email__iexact=email)
    if phone:
        reached |= Q(phone=phone)
    return Player.objects.filter(
        reached, first_name__iexact=first_name, last_name__iexact=last_name, birth_date=birth_date
    )


def _exclude(
    player: Player,
    terms: ExclusionTerms,
    origin: Exclusion | None,
    actor: str,
    reason: str,
    keep_session_id: int | None,
    now: datetime,
) -> Exclusion:
    exclusion = _made(player, terms, now) if origin is None else _following(player, origin)
    running = list(_in_force(now).filter(player_id=player.pk, kind=terms.kind))
    if any(end_of(each) > end_of(exclusion) for each in running):
        raise ExclusionNotShortened
    exclusion.origin, exclusion.actor, exclusion.reason = origin, actor, reason
    exclusion.request_id = current_request_id()
    exclusion.save(force_insert=True)
    finish_visit(player=player, now=now)
    end_log_ins(player, except_id=keep_session_id, reason="excluded", now=now)
    stop_marketing(player=player, reason="exclusion", actor=actor, now=now)
    refresh_guard(player, now=now)
    for act in ON_EXCLUSION:
        act(player=player, now=now)
    _tell(player, "started", exclusion, now)
    return exclusion


def _made(player: Player, terms: ExclusionTerms, now: datetime) -> Exclusion:
    """An exclusion by its kind's rules, not yet saved."""
    kind, lasts = terms.kind, terms.lasts
    exclusion = Exclusion(player=player, kind=kind, started_at=now)
    if kind == Kind.PANIC:
        hours, exclusion.policy_version_id = rules.panic_hours(player, now)
        lasts = timedelta(hours=hours)
    elif kind == Kind.TIME_OUT:
        if lasts is None or not timedelta(0) < lasts <= LONGEST_TIME_OUT:
            raise ExclusionNotPossible(f"A time-out lasts between an hour and {LONGEST_TIME_OUT.days} days.")
    elif kind == Kind.SELF_EXCLUSION:
        rule = rules.exclusion_rule(player, now)
        shortest = max(rule.minimum, SHORTEST_SELF_EXCLUSION)
        if lasts is not None and not shortest <= lasts <= _LONGEST:
            raise ExclusionNotPossible(f"A self-exclusion lasts at least {shortest.days} days, or until it is ended.")
        exclusion.holds, exclusion.bars_login = rule.holds, rule.bars_login
        exclusion.policy_version_id = rule.version_id
        exclusion.earliest_return_at = now + (lasts or shortest)
    exclusion.ends_at = None if lasts is None else now + lasts
    return exclusion


def _following(player: Player, origin: Exclusion) -> Exclusion:
    """The same for another account of the person."""
    return Exclusion(
        player=player,
        kind=origin.kind,
        started_at=origin.started_at,
        ends_at=origin.ends_at,
        earliest_return_at=origin.earliest_return_at,
        holds=origin.holds,
        bars_login=origin.bars_login,
        policy_version_id=origin.policy_version_id,
    )


def end_log_ins(player: Player, *, except_id: int | None, reason: str, now: datetime) -> int:
    """End the player's log-ins, but for one that may go on."""
    sessions: QuerySet[PlayerSession] = live_sessions(player.pk, now)
    if except_id is not None:
        sessions = sessions.exclude(pk=except_id)
    return sessions.update(revoked_at=now, revoked_reason=reason)


def _in_force(now: datetime) -> QuerySet[Exclusion]:
    still = Q(ends_at__isnull=True) | Q(ends_at__gt=now) | Q(holds=True)
    return Exclusion.objects.filter(still, state=Exclusion.State.ACTIVE)


def end_of(exclusion: Exclusion) -> tuple[bool, datetime]:
    """To compare by: one without an end lasts longest; of two such, the one that may be asked about later."""
    endless = exclusion.ends_at is None
    return endless, exclusion.ends_at or exclusion.earliest_return_at or exclusion.started_at


def _tell(player: Player, word: str, exclusion: Exclusion, now: datetime) -> None:
    record_fact(
        kind=f"safer_play.exclusion.{word}",
        brand_code=player.brand.code,
        player_id=player.pk,
        subject=str(exclusion.public_id),
        data={
            "kind": exclusion.kind,
            "ends_at": exclusion.ends_at.isoformat() if exclusion.ends_at else None,
            "is_followed": exclusion.origin_id is not None,
        },
        now=now,
    )
