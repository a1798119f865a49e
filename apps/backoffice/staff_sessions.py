"""Where members of staff are logged in: each log-in is recorded, ends when idle, and can be ended from another one."""

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.urls import reverse

from apps.backoffice.models import StaffSession
from apps.core.client_address import client_address

_ID = "staff_session_id"
_SEEN = "staff_seen_at"
# Writing at every click would cost a query each; the time-out is exact to a minute.
_NOTED_EVERY = timedelta(minutes=1)
_SHOWN = 50


def begin(request: HttpRequest, user: Any, *, now: datetime) -> None:
    """Record a log-in, once the session has its new key."""
    made = StaffSession.objects.create(
        user=user,
        session_key=request.session.session_key or "",
        remote_address=client_address(request),
        user_agent=request.headers.get("User-Agent", "")[:300],
        started_at=now,
        last_seen_at=now,
    )
    request.session[_ID] = made.pk
    request.session[_SEEN] = now.isoformat()


def note_factor(request: HttpRequest, *, now: datetime) -> None:
    """Follow the session to its new key, under which it has shown its factor."""
    StaffSession.objects.filter(pk=own_id(request)).update(
        session_key=request.session.session_key or "", factor_at=now, last_seen_at=now
    )


def keep_alive(request: HttpRequest, *, now: datetime) -> bool:
    """
    Say whether the session was used lately enough, and note that it is being used.

    An idle one is ended here and now. The home page's own asking for news keeps nobody logged in.
    """
    seen = request.session.get(_SEEN)
    if seen is None:
        return True
    idle = now - datetime.fromisoformat(seen)
    if idle.total_seconds() > settings.STAFF_IDLE_SECONDS:
        _mark_ended(StaffSession.End.IDLE, now=now, pk=own_id(request))
        logout(request)
        return False
    if idle >= _NOTED_EVERY and request.path != reverse("backoffice:live"):
        request.session[_SEEN] = now.isoformat()
        StaffSession.objects.filter(pk=own_id(request)).update(last_seen_at=now)
    return True


def log_ins_of(user: User, *, now: datetime) -> list[tuple[StaffSession, bool]]:
    """The newest log-ins of somebody, each with whether it still works."""
    rows = list(StaffSession.objects.filter(user=user)[:_SHOWN])
    alive = set(
        Session.objects.filter(
            session_key__in=[each.session_key for each in rows if not each.ended_at], expire_date__gt=now
        ).values_list("session_key", flat=True)
    )
    return [(each, each.ended_at is None and each.session_key in alive) for each in rows]


def is_this_one(request: HttpRequest, log_in: StaffSession) -> bool:
    """Say whether a log-in is the one that asks."""
    return bool(request.session.get(_ID) == log_in.pk)


def end_log_ins(user: User, *, now: datetime, only: int | None = None, but: int = 0) -> int:
    """
    End log-ins of somebody, at once: one of them, all, or all but one.

    :return: how many ended
    """
    rows = StaffSession.objects.filter(user=user, ended_at=None)
    rows = rows.filter(pk=only) if only is not None else rows.exclude(pk=but)
    ended = 0
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    for log_in in rows:
        store(log_in.session_key).delete()
        ended += _mark_ended(StaffSession.End.REVOKED, now=now, pk=log_in.pk)
    return ended


def own_id(request: HttpRequest) -> int:
    """Which log-in asks; 0 for one that no log-in page made."""
    known: int = request.session.get(_ID) or 0
    return known


def _mark_ended(reason: StaffSession.End, *, now: datetime, pk: int) -> int:
    return StaffSession.objects.filter(pk=pk, ended_at=None).update(ended_at=now, end_reason=reason)
