"""Log-in: the players' own door, with its lock. Staff have another door and another table."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models.functions import Lower

from apps.brands.models import Brand, StaffScope
from apps.core.errors import DomainError
from apps.core.throttling import RateLimit
from apps.players.admission import LoginLock, ask_after_login, strictest_lock
from apps.players.caller import Caller
from apps.players.facts import fingerprint, tell
from apps.players.models import LoginAttempt, Player, PlayerSession
from apps.players.operations.sessions import end_session, open_session
from apps.players.passwords import is_outdated, is_right_password, password_hash
from apps.players.queries import open_brand, player_named

# So many wrong passwords in a row shut a name's door for so long, where nobody demands more (`admission.LOGIN_LOCKS`).
MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
UNLOCK_PERMISSION = "players.unlock_login"

SUCCESS = "success"
WRONG_PASSWORD = "wrong-password"  # noqa: S105 - an outcome, not a secret
UNKNOWN_USER = "unknown-user"
LOCKED = "locked"
ADDRESS_LOCKED = "address-locked"
UNLOCKED = "unlocked"

# The first key of our advisory locks, so that other users of such locks never meet them.
_LOCK_SPACE = 0x706C6179


class InvalidCredentials(DomainError):
    """The username or the password is wrong, or there is no such player at this brand. Which, is not said."""

    code: ClassVar[str] = "invalid-credentials"
    title: ClassVar[str] = "Wrong username or password"
    status: ClassVar[int] = 401

    def headers(self) -> dict[str, str]:
        """RFC 9110 asks for it with every 401."""
        return {"WWW-Authenticate": 'Bearer realm="player"'}


class LoginLocked(DomainError):
    """
    Too many wrong passwords for this username, or from this address.

    Nothing is checked until the seconds in `Retry-After` have passed. Names that do not exist are
    locked in the same way.
    """

    code: ClassVar[str] = "login-locked"
    title: ClassVar[str] = "Too many failed log-ins"
    status: ClassVar[int] = 429

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            "Log-in is locked for a while after too many failures.",
            extensions={"retry_after_seconds": retry_after_seconds},
        )
        self.retry_after_seconds = retry_after_seconds

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after_seconds)}


class LoginLockedUntilProven(DomainError):
    """
    Too many wrong passwords for this username; the law lets nobody in until the player has shown who it is.

    Support opens it. Names that do not exist are locked in the same way.
    """

    code: ClassVar[str] = "login-locked-until-proven"
    title: ClassVar[str] = "Log-in is locked until you have shown who you are"
    status: ClassVar[int] = 403


class NotLocked(DomainError):
    """There is no lock that somebody would have to open."""

    code: ClassVar[str] = "not-locked"
    title: ClassVar[str] = "The log-in is not locked"
    status: ClassVar[int] = 409


class AccountSuspended(DomainError):
    """The account is suspended; support knows why. Said only to who knows the password."""

    code: ClassVar[str] = "account-suspended"
    title: ClassVar[str] = "The account is suspended"
    status: ClassVar[int] = 403


class AccountClosed(DomainError):
    """The account is closed. Said only to who knows the password."""

    code: ClassVar[str] = "account-closed"
    title: ClassVar[str] = "The account is closed"
    status: ClassVar[int] = 403


class LoginRestricted(DomainError):
    """The account may not log in at present. Said only to who knows the password."""

    code: ClassVar[str] = "login-restricted"
    title: ClassVar[str] = "The account may not log in"
    status: ClassVar[int] = 403


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A session just opened, and the one copy of its token."""

    session: PlayerSession
    token: str

    def __repr__(self) -> str:
        """Without the token: this may end up in a log."""
        return f"LoggedIn({self.session!r})"


def log_in(*, brand: str, username: str, password: str, caller: Caller, now: datetime) -> LoggedIn:
    """
    Check a player's password and open a session. Every attempt is recorded, whatever becomes of it.

    :param brand: the brand's code
    :raises UnknownBrand: if the brand does not exist or is switched off
    :raises LoginLocked: after MAX_FAILURES wrong passwords in a row for the name, or too many from the address
    :raises LoginLockedUntilProven: after as many as the law of one of the brand's markets says, where it demands that
    :raises InvalidCredentials: for a wrong password and for an unknown name, in the same time
    :raises AccountSuspended: if the password is right, but the account is suspended
    :raises AccountClosed: likewise
    :raises LoginRestricted: likewise
    :raises DomainError: whatever the apps that have a say about a log-in refuse with (`players.admission`)
    """
    at = open_brand(brand)
    # The refusal is returned, not raised, so that the record of the attempt is committed.
    with transaction.atomic():
        result = _try(at, username, password, caller, now)
    if isinstance(result, DomainError):
        raise result
    try:
        ask_after_login(session=result.session, now=now)
    except DomainError as refusal:
        end_session(session=result.session, reason=refusal.code, now=now)
        raise
    return result


def _try(brand: Brand, username: str, password: str, caller: Caller, now: datetime) -> LoggedIn | DomainError:
    _take_turn(brand, username)
    player = player_named(brand.pk, username)

    def record(outcome: str) -> None:
        LoginAttempt.objects.create(
            brand=brand,
            player=player,
            username=username,
            outcome=outcome,
            remote_address=caller.remote_address,
            user_agent=caller.user_agent,
            attempted_at=now,
        )

    failures_of_address = _failures_by_address()
    address = caller.remote_address or ""
    if address and not (state := failures_of_address.peek(address)).allowed:
        record(ADDRESS_LOCKED)
        return LoginLocked(state.retry_after_seconds)
    if (locked := _lock_of(brand, username, player, now)) is not None:
        record(LOCKED)
        return locked
    if not is_right_password(password, player.password if player else None) or player is None:
        record(WRONG_PASSWORD if player else UNKNOWN_USER)
        if player:
            tell(player, "login_failed", now=now)
        if address:
            failures_of_address.hit(address)
        return InvalidCredentials()
    # From here to the commit the status stands still: a suspension meanwhile waits, and ends the session.
    player = Player.objects.select_for_update(no_key=True).get(pk=player.pk)
    refusal = refusal_of_status(player)
    if refusal is not None:
        record(refusal.code)
        return refusal
    record(SUCCESS)
    return _open(player, password, caller, now)


def _open(player: Player, password: str, caller: Caller, now: datetime) -> LoggedIn:
    player.last_login_at = now
    player.dormant_at = None
    changed = ["last_login_at", "dormant_at"]
    if is_outdated(player.password):
        player.password = password_hash(password)
        changed.append("password")
    player.save(update_fields=changed)
    session, token = open_session(player=player, caller=caller, now=now)
    tell(
        player,
        "logged_in",
        now=now,
        session=str(session.public_id),
        device=fingerprint("device", session.device),
        address=fingerprint("address", session.remote_address or ""),
    )
    return LoggedIn(session, token)


def refusal_of_status(player: Player) -> DomainError | None:
    """Why a player with the right password may still not log in, or None."""
    if player.status == Player.Status.SUSPENDED:
        return AccountSuspended()
    if player.status == Player.Status.CLOSED:
        return AccountClosed()
    if Player.Restriction.LOGIN in player.restrictions:
        return LoginRestricted()
    return None


def _take_turn(brand: Brand, username: str) -> None:
    """
    Let attempts on one name come one after the other.

    Otherwise a hundred guesses sent at once would all be counted after all had been checked. Who waits,
    waits for at most MAX_FAILURES hashes: after that the door is locked and nothing is hashed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK_SPACE, f"{brand.pk}:{username.lower()}"]
        )


def _lock_of(brand: Brand, username: str, player: Player | None, now: datetime) -> DomainError | None:
    """
    Why a name's door is shut: so many failures in a row were the last that was tried.

    What is demanded in one market of the brand counts for all its names: another number for some would tell which names
    exist.
    """
    lock = strictest_lock(LoginLock(MAX_FAILURES, opens_by_itself=True), brand=brand, now=now)
    attempts = LoginAttempt.objects.alias(name=Lower("username")).filter(
        brand=brand, name=username.lower(), outcome__in=(SUCCESS, WRONG_PASSWORD, UNKNOWN_USER, UNLOCKED)
    )
    if lock.opens_by_itself:
        attempts = attempts.filter(attempted_at__gt=now - LOCKED_FOR)
    elif player is not None:  # what was guessed before there was such a player is not held against him
        attempts = attempts.filter(attempted_at__gte=player.registered_at)
    last = list(attempts.order_by("-attempted_at", "-pk").values_list("outcome", "attempted_at")[: lock.failures])
    if len(last) < lock.failures or any(outcome in (SUCCESS, UNLOCKED) for outcome, _ in last):
        return None
    if not lock.opens_by_itself:
        return LoginLockedUntilProven()
    return LoginLocked(-(-(last[0][1] + LOCKED_FOR - now) // timedelta(seconds=1)))


def is_login_locked(player: Player, *, now: datetime) -> bool:
    """Whether the player could not log in now for wrong passwords."""
    return _lock_of(player.brand, player.username, player, now) is not None


@transaction.atomic
def unlock_login(*, player_id: int, actor: User, now: datetime) -> LoginAttempt:
    """
    Open a player's locked log-in: he has shown staff who he is. It stands among the attempts, and counting begins anew.

    :raises PermissionDenied: without the permission, or at another brand
    :raises NotLocked: if it is not locked
    """
    player = Player.objects.select_related("brand").get(pk=player_id)
    serves = actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=player.brand_id).exists()
    if not (actor.has_perm(UNLOCK_PERMISSION) and serves):
        raise PermissionDenied
    _take_turn(player.brand, player.username)
    if _lock_of(player.brand, player.username, player, now) is None:
        raise NotLocked
    return LoginAttempt.objects.create(
        brand=player.brand, player=player, username=player.username, outcome=UNLOCKED, attempted_at=now
    )


def _failures_by_address() -> RateLimit:
    limit, seconds = settings.PLAYER_RATE_LIMITS["login-failures"]
    # Open without Redis: the lock of the name, in PostgreSQL, stands.
    return RateLimit("player-login-failures", limit=limit, seconds=seconds)
