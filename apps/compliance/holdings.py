"""What the platform knows about a player, kind by kind: how it is handed out, how it is erased, what stays and why."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.compliance.models.pictures import PlayerTrace
from apps.players.models import LoginAttempt, Player, PlayerSession, ProfileChange, StatusChange
from apps.wallets.history import movements, transactions_of
from apps.wallets.queries import balances_of

Rows = Iterator[dict[str, Any]]
_CHUNK = 500
UNKNOWN_BIRTH_DATE = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Holding:
    """One kind of data about players. The app that keeps it registers it, in ``AppConfig.ready``."""

    name: str
    """Also the name of its file in an export."""
    title: str
    export: Callable[[Player], Rows]
    """Rows for the player: no staff notes, no suspicion, nothing behind the wall."""
    erase: Callable[[Player], int] | None = None
    """Removes the personal data, in the transaction of the erasure; returns how many rows changed."""
    keeps: str = ""
    """What stays after an erasure, and why."""
    blocks: Callable[[Player], str] | None = None
    """Says in words why the player cannot be erased yet, or nothing."""


_HOLDINGS: dict[str, Holding] = {}


def register_holding(holding: Holding) -> None:
    """Let exports contain, and erasures remove, one more kind of data."""
    _HOLDINGS[holding.name] = holding


def holdings() -> list[Holding]:
    """List every kind, by name."""
    return [_HOLDINGS[name] for name in sorted(_HOLDINGS)]


def register_own() -> None:
    """Register what lies below this app."""
    register_holding(
        Holding(
            "profile", "Your account", _profile, _erase_profile, "A number, the country and the dates of the account"
        )
    )
    register_holding(Holding("profile_changes", "Changes of your details", _profile_changes, _erase_profile_changes))
    register_holding(
        Holding(
            "sessions",
            "Log-ins",
            _sessions,
            _erase_sessions,
            "When sessions began and ended, without address or device",
        )
    )
    register_holding(
        Holding("login_attempts", "Tries to log in", _attempts, _erase_attempts, "When somebody tried, and the outcome")
    )
    register_holding(
        Holding(
            "status_changes", "Status of your account", _statuses, _erase_notes, "From which status to which, and when"
        )
    )
    register_holding(
        Holding(
            "transactions", "Movements of money", _transactions, None, "Amounts, under a number: the books must balance"
        )
    )
    register_holding(Holding("traces", "Devices and addresses you used", _traces, _erase_traces))
    register_holding(Holding("balances", "Balances", _balances, blocks=_owed))


def _profile(player: Player) -> Rows:
    yield {
        "id": str(player.public_id),
        "brand": player.brand.name,
        "username": player.username,
        "email": player.email,
        "first_name": player.first_name,
        "last_name": player.last_name,
        "birth_date": player.birth_date,
        "phone": player.phone,
        "street": player.street,
        "postcode": player.postcode,
        "city": player.city,
        "country": player.country,
        "language": player.language,
        "jurisdiction": player.jurisdiction_id,
        "status": player.status,
        "registered_at": player.registered_at,
        "last_login_at": player.last_login_at,
    }


def _erase_profile(player: Player) -> int:
    blank = ("first_name", "last_name", "phone", "street", "postcode", "city", "language")
    for name in blank:
        setattr(player, name, "")
    player.username = f"erased-{player.public_id.hex}"
    player.email = f"{player.public_id.hex}@erased.invalid"
    player.password = "!"  # noqa: S105 - no password fits it
    player.birth_date = UNKNOWN_BIRTH_DATE
    player.save(update_fields=[*blank, "username", "email", "password", "birth_date"])
    return 1


def _profile_changes(player: Player) -> Rows:
    rows = player.profile_changes.order_by("pk").values("changed_at", "field", "old_value", "new_value")
    yield from map(dict, rows.iterator())


def _erase_profile_changes(player: Player) -> int:
    return ProfileChange.objects.filter(player=player).delete()[0]


def _sessions(player: Player) -> Rows:
    rows = player.sessions.order_by("pk").values(
        "created_at", "expires_at", "last_seen_at", "revoked_at", "remote_address", "user_agent", "device"
    )
    yield from map(dict, rows.iterator())


def _erase_sessions(player: Player) -> int:
    rows = PlayerSession.objects.filter(player=player)
    return rows.update(remote_address=None, user_agent="", device="")


def _attempts(player: Player) -> Rows:
    rows = player.login_attempts.order_by("pk").values(
        "attempted_at", "username", "outcome", "remote_address", "user_agent"
    )
    yield from map(dict, rows.iterator())


def _erase_attempts(player: Player) -> int:
    """Tries with his name from before the account existed are his data all the same."""
    of_name = LoginAttempt.objects.filter(brand_id=player.brand_id, username__iexact=player.username)
    of_player = LoginAttempt.objects.filter(player=player)
    blank: dict[str, Any] = {"username": "erased", "remote_address": None, "user_agent": ""}
    return of_name.update(**blank) + of_player.exclude(username="erased").update(**blank)


def _statuses(player: Player) -> Rows:
    """Without reasons and notes: they are staff's, and may tell of a suspicion."""
    rows = player.status_changes.order_by("pk").values("changed_at", "from_status", "to_status", "restrictions")
    yield from map(dict, rows.iterator())


def _erase_notes(player: Player) -> int:
    """The rows stay; a trigger lets the note of an erased player be emptied, and nothing else."""
    return StatusChange.objects.filter(player=player).exclude(note="").update(note="")


def _transactions(player: Player) -> Rows:
    newest_first = transactions_of(player.pk)
    last = None
    while True:
        page = list((newest_first.filter(pk__lt=last) if last else newest_first)[:_CHUNK])
        for each in movements(player.pk, page):
            yield {
                "at": each.created_at,
                "id": str(each.id),
                "kind": each.kind,
                "currency": each.currency,
                **{bucket: each.change(bucket).format() for bucket in each.changes},
                "reverses": str(each.reverses_id) if each.reverses_id else "",
            }
        if len(page) < _CHUNK:
            return
        last = page[-1].pk


def _balances(player: Player) -> Rows:
    for wallet in balances_of(player.pk):
        yield {
            "currency": wallet.currency,
            **{bucket: wallet.money(bucket).format() for bucket in ("cash", "bonus", "locked", "restricted")},
        }


def _traces(player: Player) -> Rows:
    """As they are kept: digests with a masked form, which is shown."""
    rows = PlayerTrace.objects.filter(player=player).order_by("pk")
    yield from map(dict, rows.values("kind", "shown", "first_seen_at", "last_seen_at", "times").iterator())


def _erase_traces(player: Player) -> int:
    return PlayerTrace.objects.filter(player=player).delete()[0]


def _owed(player: Player) -> str:
    rows = [
        f"{wallet.money(bucket).format()} {wallet.currency} {bucket}"
        for wallet in balances_of(player.pk)
        for bucket in ("cash", "locked", "restricted")
        if wallet.money(bucket)
    ]
    return f"there is money of his: {', '.join(rows)}" if rows else ""
