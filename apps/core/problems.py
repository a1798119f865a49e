"""Refusals as RFC 9457 problem documents, in one format for domain, framework and unforeseen errors."""

import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.log import log_response
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from apps.core.errors import DomainError
from apps.core.problem_types import (
    INTERNAL_ERROR,
    MALFORMED_REQUEST,
    NOT_FOUND,
    PERMISSION_DENIED,
    REQUEST_TOO_LARGE,
    TEMPORARILY_UNAVAILABLE,
    ProblemType,
    problem_type_of_api_exception,
    problem_type_of_domain_error,
)
from apps.core.request_context import current_request_id

logger = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
# The server restarts, a connection is cut, a lock or a statement takes too long: the same request may do better soon.
DATABASE_AWAY = (OperationalError, InterfaceError)
RETRY_AFTER_SECONDS = "2"

Problem = dict[str, Any]

# Django's own exceptions, the special before the general.
_OF_DJANGO: tuple[tuple[type[Exception] | tuple[type[Exception], ...], ProblemType], ...] = (
    (Http404, NOT_FOUND),
    (PermissionDenied, PERMISSION_DENIED),
    (RequestDataTooBig, REQUEST_TOO_LARGE),
    ((SuspiciousOperation, BadRequest, UnreadablePostError), MALFORMED_REQUEST),
)


def problem(problem_type: ProblemType, detail: str = "", **extensions: Any) -> Problem:
    """
    Make the document. The members of RFC 9457 win over extensions of the same name.

    :param detail: what went wrong this time; the type's title where there is nothing to add
    """
    request_id = current_request_id()
    return {
        **extensions,
        "type": problem_type.uri,
        "title": problem_type.title,
        "status": problem_type.status,
        "detail": detail or problem_type.title,
        "code": problem_type.code,
        "request_id": str(request_id) if request_id else None,
    }


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER: every exception of an API view becomes a problem document."""
    document, headers = _document_of(exc)
    if document is None:
        document, headers = _unforeseen(exc, context)
    set_rollback()
    response = Response(document, status=document["status"], headers=headers, content_type=CONTENT_TYPE)
    if document["code"] in {INTERNAL_ERROR.code, TEMPORARILY_UNAVAILABLE.code}:
        # Logged with its traceback already; Django need not add a line without one.
        response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's own mark
    return response


def _document_of(exc: Exception) -> tuple[Problem | None, dict[str, str]]:
    if isinstance(exc, DomainError):
        kind = problem_type_of_domain_error(type(exc))
        return problem(kind, exc.detail, **exc.extensions), exc.headers()
    if isinstance(exc, exceptions.APIException):
        return _document_of_api_exception(exc), _headers_of(exc)
    for kinds, problem_type in _OF_DJANGO:
        if isinstance(exc, kinds):
            return problem(problem_type), {}
    return None, {}


def _document_of_api_exception(exc: exceptions.APIException) -> Problem:
    kind = problem_type_of_api_exception(exc)
    if isinstance(exc, exceptions.ValidationError):
        errors = list(_field_errors(exc.get_full_details(), ""))
        return problem(kind, "Some of the values sent are not acceptable; see errors.", errors=errors)
    detail = exc.detail if isinstance(exc.detail, str) else ""
    return problem(kind, str(detail))


def _headers_of(exc: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if authenticate := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = authenticate
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def _field_errors(details: Any, path: str) -> Iterator[dict[str, str]]:
    """Flatten DRF's nested details; the field of an error about the whole body is the empty string."""
    if isinstance(details, Mapping):
        if details.keys() == {"message", "code"} and isinstance(details["message"], str):
            yield {"field": path, "code": str(details["code"]), "message": str(details["message"])}
            return
        for name, inner in details.items():
            part = "" if name == api_settings.NON_FIELD_ERRORS_KEY else str(name)
            yield from _field_errors(inner, ".".join(filter(None, (path, part))))
        return
    for index, inner in enumerate(details):
        # A list is either the errors of one field, or the items of a list field (empty where fine).
        is_error = isinstance(inner, Mapping) and inner.keys() == {"message", "code"}
        yield from _field_errors(inner, path if is_error else ".".join(filter(None, (path, str(index)))))


def _unforeseen(exc: Exception, context: dict[str, Any]) -> tuple[Problem, dict[str, str]]:
    """Report the fault as Django would (log, signal), and tell the caller nothing about our insides."""
    request = context.get("request")
    django_request = getattr(request, "_request", request)
    got_request_exception.send(sender=type(context.get("view")), request=django_request)
    logger.error(
        "api.unhandled_exception",
        path=getattr(django_request, "path", None),
        method=getattr(django_request, "method", None),
        exc_info=exc,
    )
    if isinstance(exc, DATABASE_AWAY):
        return problem(TEMPORARILY_UNAVAILABLE), {"Retry-After": RETRY_AFTER_SECONDS}
    return problem(INTERNAL_ERROR, "The error has been recorded under this request id."), {}


def problem_response(problem_type: ProblemType, detail: str = "", **extensions: Any) -> HttpResponse:
    """The document as a plain Django response, for code outside DRF views."""
    return JsonResponse(
        problem(problem_type, detail, **extensions), status=problem_type.status, content_type=CONTENT_TYPE
    )


# Django's own error views, for what never reaches a DRF view. Under /api/ they answer in JSON.


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """handler404, and the catch-all view of paths under /api/ that lead nowhere."""
    if request.path.startswith("/api/"):
        response = problem_response(NOT_FOUND)
        # Django logs every 404 it makes at WARNING with this; once is enough.
        log_response("Not Found: %s", request.path, response=response, request=request)
        return response
    return defaults.page_not_found(request, exception or Http404())


def server_error(request: HttpRequest) -> HttpResponseBase:
    """handler500."""
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    if isinstance(sys.exc_info()[1], DATABASE_AWAY):
        response = problem_response(TEMPORARILY_UNAVAILABLE)
        response["Retry-After"] = RETRY_AFTER_SECONDS
        return response
    return problem_response(INTERNAL_ERROR, "The error has been recorded under this request id.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler400."""
    if request.path.startswith("/api/"):
        document, _ = _document_of(exception)
        kind = REQUEST_TOO_LARGE if document and document["code"] == REQUEST_TOO_LARGE.code else MALFORMED_REQUEST
        return problem_response(kind)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler403."""
    if request.path.startswith("/api/"):
        return problem_response(PERMISSION_DENIED)
    return defaults.permission_denied(request, exception)
