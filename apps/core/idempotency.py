"""Idempotency-Key for API views: the same request sent again gets the same answer and one effect."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, cast

from django.db import connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.errors import DomainError
from apps.core.models import IdempotencyKey
from apps.core.request_context import current_actor

RETENTION = timedelta(hours=48)
REPLAYED_HEADER = "Idempotency-Replayed"
_STORED_HEADERS = ("Location", "Retry-After")

# A structured-field string (RFC 8941 section 3.3.3), or the same characters bare.
_QUOTED = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"', re.ASCII)
_BARE = re.compile(r"[A-Za-z0-9._~:+/=-]+", re.ASCII)
_ESCAPED = re.compile(r'\\(["\\])')
_MAX_KEY_LENGTH = 255

# Answers that say nothing lasting about the request: the same request may fare better later.
_NEVER_STORED = frozenset({400, 401, 403, 404, 405, 406, 413, 415, 429})


class IdempotencyKeyMissing(DomainError):
    """A request that moves money needs an `Idempotency-Key` header: a new UUID per intention."""

    code = "idempotency-key-missing"
    title = "Idempotency-Key header required"
    status = 400


class IdempotencyKeyInvalid(DomainError):
    """The `Idempotency-Key` header is not one quoted string (or bare token) of 1 to 255 characters."""

    code = "idempotency-key-invalid"
    title = "Idempotency-Key header not readable"
    status = 400


class IdempotencyKeyReused(DomainError):
    """The key has been used for a request with another body. Keys are kept for 48 hours; use a new one."""

    code = "idempotency-key-reused"
    title = "Idempotency-Key already used for another request"
    status = 422


class IdempotencyKeyInProgress(DomainError):
    """The first request with this key is still being worked on. Repeat it after a moment."""

    code = "idempotency-key-in-progress"
    title = "A request with this Idempotency-Key is in progress"
    status = 409

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": "1"}


ViewMethod = Callable[Concatenate[Any, Request, ...], HttpResponseBase]


def idempotent(*, required: bool = True) -> Callable[[ViewMethod], ViewMethod]:
    """
    Make a DRF view method idempotent by its Idempotency-Key header.

    The key's row is inserted first and the method runs in the same database transaction, so the
    answer is kept exactly if the effect is. Successes and domain errors (other than 400, 401, 403,
    404, 405, 406, 413, 415, 429 and 5xx) are kept for 48 hours and given again with
    ``Idempotency-Replayed: true``; a domain error undoes what the method wrote. Anything else undoes
    the key too. The method must not open a durable transaction or call a vendor.

    The key counts per principal, method and path. The principal is the view's
    ``idempotency_scope(request)`` where it has one, else the actor of the request context.

    :param required: without a key, refuse (400) instead of running the method unprotected
    """

    def decorate(method: ViewMethod) -> ViewMethod:
        @wraps(method)
        def wrapper(view: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            key = read_key(request.headers.get("Idempotency-Key"))
            if key is None:
                if required:
                    raise IdempotencyKeyMissing
                return method(view, request, *args, **kwargs)
            return _run_once(view, request, key, lambda: method(view, request, *args, **kwargs))

        documented: ViewMethod = extend_schema(parameters=[_parameter(required=required)])(wrapper)
        return documented

    return decorate


def _parameter(*, required: bool) -> OpenApiParameter:
    return OpenApiParameter(
        "Idempotency-Key",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        required=required,
        description="One new value (a UUID, say) for each intention. The same request sent again within 48 hours"
        " gets the same answer, marked `Idempotency-Replayed: true`, and has no second effect.",
    )


def read_key(header: str | None) -> str | None:
    """
    Read the header: a quoted structured-field string, or bare.

    :raises IdempotencyKeyInvalid: if it is neither, empty, or longer than 255 characters
    """
    if header is None:
        return None
    text = header.strip(" ")
    if quoted := _QUOTED.fullmatch(text):
        key = _ESCAPED.sub(r"\1", quoted[1])
    elif _BARE.fullmatch(text):
        key = text
    else:
        raise IdempotencyKeyInvalid
    if not 1 <= len(key) <= _MAX_KEY_LENGTH:
        raise IdempotencyKeyInvalid
    return key


def _run_once(view: APIView, request: Request, key: str, run: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    identity = {
        "scope": _scope_of(view, request),
        "method": cast("str", request.method),
        "path": request.path,
        "key": key,
    }
    fingerprint = _fingerprint(request)
    not_stored: HttpResponseBase | None = None
    with transaction.atomic():
        _claim(identity)
        if (known := _finished_answer(identity, fingerprint)) is not None:
            return known
        row = _insert(identity, fingerprint)
        response = _answer(view, run)
        if _is_stored(response):
            _finish(row, response)
        else:
            # Undo the key with whatever the method did.
            transaction.set_rollback(True)
            not_stored = response
    return not_stored or response


def _scope_of(view: APIView, request: Request) -> str:
    own = getattr(view, "idempotency_scope", None)
    scope = own(request) if own else current_actor()
    if not scope:
        # Strangers would share one scope and be given each other's answers.
        raise NotAuthenticated
    return str(scope)


def _fingerprint(request: Request) -> bytes:
    """
    Keyed SHA-256 of the query and the body, with members sorted so that their order does not matter.

    Keyed, because a body may hold a password, and a plain digest of it could be guessed at leisure.
    """
    canonical = json.dumps(
        [sorted(request.query_params.lists()), request.data], sort_keys=True, separators=(",", ":"), default=str
    )
    body = canonical.encode("utf-8", "surrogatepass")
    return salted_hmac("apps.core.idempotency", body, algorithm="sha256").digest()


def _claim(identity: dict[str, str]) -> None:
    """
    Take the key for this transaction, or refuse at once.

    An advisory lock, because waiting on the unique index would hold a worker until the first request
    is through, where the caller is better told to come back. It falls with the transaction, crash
    included; the unique constraint stays the guarantee.
    """
    digest = hashlib.sha256("\0".join(identity.values()).encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], signed=True)])
        (claimed,) = cursor.fetchone()
    if not claimed:
        raise IdempotencyKeyInProgress


def _finished_answer(identity: dict[str, str], fingerprint: bytes) -> HttpResponse | None:
    row = IdempotencyKey.objects.filter(**identity).first()
    if row is None:
        return None
    if row.expires_at <= clock.now():
        row.delete()
        return None
    if bytes(row.fingerprint) != fingerprint:
        raise IdempotencyKeyReused
    if row.state != IdempotencyKey.State.FINISHED or row.body is None or row.status is None:
        raise IdempotencyKeyInProgress
    headers = {**row.headers, REPLAYED_HEADER: "true"}
    return HttpResponse(bytes(row.body), status=row.status, content_type=row.content_type, headers=headers)


def _insert(identity: dict[str, str], fingerprint: bytes) -> IdempotencyKey:
    now = clock.now()
    return IdempotencyKey.objects.create(
        **identity, fingerprint=fingerprint, created_at=now, expires_at=now + RETENTION
    )


def _answer(view: APIView, run: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Run the method; a refusal becomes its problem document here, after its writes are undone."""
    try:
        with transaction.atomic():
            return run()
    except DomainError as error:
        return view.handle_exception(error)


def _is_stored(response: HttpResponseBase) -> bool:
    return response.status_code < 500 and response.status_code not in _NEVER_STORED  # noqa: PLR2004


def _finish(row: IdempotencyKey, response: HttpResponseBase) -> None:
    if isinstance(response, Response):
        # What DRF will send: the renderer is the API's only one.
        body = b"" if response.data is None else JSONRenderer().render(response.data)
        content_type = response.content_type or JSONRenderer.media_type
    elif isinstance(response, HttpResponse):
        body, content_type = response.content, response.headers.get("Content-Type", "")
    else:
        raise TypeError("a streamed response cannot be replayed")
    row.state = IdempotencyKey.State.FINISHED
    row.status = response.status_code
    row.content_type = content_type
    row.headers = {name: response.headers[name] for name in _STORED_HEADERS if name in response.headers}
    row.body = body
    row.save(update_fields=["state", "status", "content_type", "headers", "body"])


def purge_expired_keys(*, batch_size: int = 5_000) -> int:
    """Delete stored answers past their time, in batches of short transactions; returns how many."""
    deleted = 0
    while True:
        batch = IdempotencyKey.objects.filter(expires_at__lte=clock.now()).order_by("expires_at")
        count, _ = IdempotencyKey.objects.filter(pk__in=batch.values("pk")[:batch_size]).delete()
        deleted += count
        if count < batch_size:
            return deleted
