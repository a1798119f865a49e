"""What is known about the request (or task) being worked on: its id, its start, who acts."""

import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.core.ids import uuid7

REQUEST_ID_HEADER = "X-Request-Id"
# Probes and files say nothing; simulated vendors are strangers, and some have keys in their paths.
_NOT_LOGGED = ("/health/", "/metrics", "/static/", "/sandbox/")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Factor:
    """What a person had shown beside the password: which kind (empty: nothing), and when."""

    kind: str = ""
    shown_at: datetime | None = None


@dataclass(slots=True)
class RequestContext:
    """One unit of work. ``started_at`` is on the monotonic clock, in seconds."""

    request_id: UUID
    actor: str | None = None
    factor: "Factor | None" = None
    found: dict[str, Any] = field(default_factory=dict)
    """What the line in the log says of it beside method, path and status."""
    started_at: float = field(default_factory=time.monotonic)


_context: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def current_request_context() -> RequestContext | None:
    """The context of the running request or task, if any."""
    return _context.get()


def current_request_id() -> UUID | None:
    """The id of the running request or task, which is also its exchange id."""
    context = _context.get()
    return context.request_id if context else None


def current_actor() -> str | None:
    """Who acts, as ``"<kind>:<id>"`` (player, user, integration, task), once authenticated."""
    context = _context.get()
    return context.actor if context else None


def set_actor(actor: str) -> None:
    """Say who acts, e.g. ``"player:0198…"``; authentication classes call this."""
    context = _context.get()
    if context is not None:
        context.actor = actor


def note_found(**found: Any) -> None:
    """Say what became of the request, for its line in the log: ids and outcomes, no personal data."""
    context = _context.get()
    if context is not None:
        context.found.update(found)


def current_factor() -> Factor | None:
    """Which second factor the person had shown whose request this is; None: it is no person's."""
    context = _context.get()
    return context.factor if context else None


def set_factor(factor: Factor) -> None:
    """Say which second factor the person has shown; the staff site's middleware calls this."""
    context = _context.get()
    if context is not None:
        context.factor = factor


@contextmanager
def request_context(request_id: UUID | None = None, *, actor: str | None = None) -> Iterator[RequestContext]:
    """Work under that request id, or under a new one: for tasks, commands and tests."""
    context = RequestContext(request_id or uuid7(), actor)
    token = _context.set(context)
    try:
        yield context
    finally:
        _context.reset(token)


def add_request_context(
    _logger: object, _method: str, event_dict: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Structlog processor: put the request id and the actor into each log line."""
    context = _context.get()
    if context is not None:
        event_dict.setdefault("request_id", str(context.request_id))
        if context.actor is not None:
            event_dict.setdefault("actor", context.actor)
    return event_dict


def _answered(request: HttpRequest, response: HttpResponseBase, context: RequestContext) -> HttpResponseBase:
    """Say which request it was: to the caller in a header, and in the log in one line, without its query string."""
    response[REQUEST_ID_HEADER] = str(context.request_id)
    if not request.path_info.startswith(_NOT_LOGGED):
        write = log.error if response.status_code >= 500 else log.info  # noqa: PLR2004 - HTTP's own class
        milliseconds = round((time.monotonic() - context.started_at) * 1000, 1)
        write("request", method=request.method, path=request.path_info, status=response.status_code,
              milliseconds=milliseconds, **context.found)  # fmt: skip
    # Django would write a second line for each refusal, after the context has ended: without the id.
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's own mark
    return response


class RequestContextMiddleware:
    """
    Gives each request its id, first in the stack and on the hot path: no I/O but a line in the log, no database.

    A caller's own X-Request-Id is not believed: the id is the key of the exchange log.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer under a new request id, and say which."""
        if self._is_async:
            return self._call_async(request)
        context = RequestContext(uuid7())
        token = _context.set(context)
        try:
            response = cast("HttpResponseBase", self.get_response(request))
            return _answered(request, response, context)
        finally:
            _context.reset(token)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        context = RequestContext(uuid7())
        token = _context.set(context)
        try:
            response = cast("HttpResponseBase", await self.get_response(request))
            return _answered(request, response, context)
        finally:
            _context.reset(token)
