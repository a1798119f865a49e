"""Who is let in: registration and log-in ask the national register; play and deposits need its answer."""

from datetime import datetime
from typing import ClassVar

from apps.brands.models import Brand, Jurisdiction
from apps.compliance.policies import local_day
from apps.core.errors import DomainError
from apps.players.models import Player, PlayerSession
from apps.players.operations import Registration
from apps.players.queries import live_sessions
from apps.safer_play import rules
from apps.safer_play.exclusions import ExclusionTerms, active_exclusion, exclude_person, linked_exclusion
from apps.safer_play.guarding import has_deposit_limit
from apps.safer_play.models import Exclusion, RegisterQuery
from apps.safer_play.policies import local_date
from apps.safer_play.registers.asking import Register, ask_register, register_of, subject_of
from apps.safer_play.registers.contract import Subject

_LETS_IN = (RegisterQuery.Answer.CLEAR, RegisterQuery.Answer.PREVIOUSLY)
_LOGIN = RegisterQuery.Purpose.LOGIN


class RegistrationBarred(DomainError):
    """The person may not open an account at present. A national register, or an exclusion of his own, says so."""

    code: ClassVar[str] = "registration-barred"
    title: ClassVar[str] = "An account cannot be opened"
    status: ClassVar[int] = 403


class RegisterUnavailable(DomainError):
    """
    The national register of excluded people gave no answer, so play and deposits are closed. Withdrawals are not.

    Try again after a moment.
    """

    code: ClassVar[str] = "register-unavailable"
    title: ClassVar[str] = "The national exclusion register does not answer"
    status: ClassVar[int] = 503

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": "15"}


class PlayerExcluded(DomainError):
    """The player is excluded: no play, deposits or bonuses before `until` (null: until it is ended)."""

    code: ClassVar[str] = "player-excluded"
    title: ClassVar[str] = "The player is excluded"
    status: ClassVar[int] = 403


class LoginExcluded(DomainError):
    """The player is excluded, and the law bars log-in too. Support pays the balance out."""

    code: ClassVar[str] = "login-excluded"
    title: ClassVar[str] = "The player is excluded"
    status: ClassVar[int] = 403


class PlayNeedsLimit(DomainError):
    """The law allows no play without a deposit limit: set one first (`PUT limits`)."""

    code: ClassVar[str] = "play-needs-limit"
    title: ClassVar[str] = "A deposit limit has to be set first"
    status: ClassVar[int] = 403


def before_registration(*, registration: Registration, brand: Brand, jurisdiction: Jurisdiction, now: datetime) -> None:
    """
    Refuse who is excluded here, or in the jurisdiction's register; what `players` calls before it registers somebody.

    :raises RegistrationBarred: if the person is excluded
    :raises RegisterUnavailable: if the register gives no answer
    """
    subject = Subject(
        first_name=registration.first_name,
        last_name=registration.last_name,
        birth_date=registration.birth_date,
        email=registration.email,
        postcode=registration.postcode,
        phone=registration.phone,
        reference="applicant",
    )
    if linked_exclusion(subject, brand=brand, jurisdiction=jurisdiction.code, now=now) is not None:
        raise RegistrationBarred
    register = register_of(jurisdiction.code, brand_code=brand.code, on=local_day(jurisdiction.code, now))
    if register is None or RegisterQuery.Purpose.REGISTER not in register.purposes:
        return
    answer = ask_register(register, subject, purpose=RegisterQuery.Purpose.REGISTER, now=now)
    if answer == RegisterQuery.Answer.EXCLUDED:
        raise RegistrationBarred
    if answer not in _LETS_IN:
        raise RegisterUnavailable


def after_login(*, session: PlayerSession, now: datetime) -> None:
    """
    Ask the register about who has just logged in. Whoever it names is excluded from this moment on.

    Without an answer the player is logged in all the same: he may withdraw, but neither play nor deposit.

    :raises LoginExcluded: during an exclusion that bars log-in too
    """
    player = Player.objects.select_related("brand", "jurisdiction").get(pk=session.player_id)
    _ask_for_login(player, session, now)
    exclusion = active_exclusion(player.pk, now=now)
    if exclusion is not None and exclusion.bars_login:
        raise LoginExcluded


def before_play(*, session: PlayerSession, now: datetime) -> None:
    """
    Ask the register again where it was silent at the log-in. Call it outside a transaction, before a launch.

    `require_may_play` then decides, in the launch's own transaction.
    """
    register = _login_register(session.player, now)
    if register is None or _is_cleared(session.player_id, now):
        return
    if active_exclusion(session.player_id, now=now) is None:
        _ask_for_login(session.player, session, now)


def require_may_play(player: Player, *, now: datetime) -> None:
    """
    Let a player to a game, or say why not. Asks nobody; the caller holds the player's row.

    :raises PlayerExcluded: during an exclusion
    :raises RegisterUnavailable: if the register has given no answer
    :raises PlayNeedsLimit: where the law wants a deposit limit first
    """
    require_admitted(player, now=now)
    if rules.must_have_limit(player, now) and not has_deposit_limit(player.pk):
        raise PlayNeedsLimit


def require_admitted(player: Player, *, now: datetime) -> None:
    """
    Refuse who is excluded, or has not been cleared by the register since logging in. Asks nobody.

    :raises PlayerExcluded: during an exclusion
    :raises RegisterUnavailable: if the register has given no answer
    """
    require_not_excluded(player.pk, now=now)
    if _login_register(player, now) is not None and not _is_cleared(player.pk, now):
        raise RegisterUnavailable


def require_not_excluded(player_id: int, *, now: datetime) -> None:
    """
    Refuse who is excluded.

    :raises PlayerExcluded: with until when
    """
    exclusion = active_exclusion(player_id, now=now)
    if exclusion is not None:
        until = None if exclusion.holds or exclusion.ends_at is None else exclusion.ends_at.isoformat()
        raise PlayerExcluded(extensions={"until": until, "kind": exclusion.kind})


def _ask_for_login(player: Player, session: PlayerSession, now: datetime) -> None:
    register = _login_register(player, now)
    if register is None:
        return
    answer = ask_register(register, subject_of(player), purpose=_LOGIN, now=now, player=player, session=session)
    if answer == RegisterQuery.Answer.EXCLUDED:
        exclude_person(
            player_id=player.pk,
            terms=ExclusionTerms(kind=Exclusion.Kind.REGISTER),
            actor=register.name,
            reason=f"Found in {register.name}",
            keep_session_id=session.pk,
            now=now,
        )


def _login_register(player: Player, now: datetime) -> Register | None:
    register = register_of(player.jurisdiction_id, brand_code=player.brand.code, on=local_date(player, now))
    return register if register is not None and _LOGIN in register.purposes else None


def _is_cleared(player_id: int, now: datetime) -> bool:
    """An answer counts for the log-in it was given for, as long as that lasts."""
    sessions = live_sessions(player_id, now).values("pk")
    queries = RegisterQuery.objects.filter(player_id=player_id, purpose=_LOGIN, player_session__in=sessions)
    return queries.filter(answer__in=_LETS_IN).exists()
