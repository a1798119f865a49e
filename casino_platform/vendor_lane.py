"""
The short way for vendors' calls: past the middleware that only people need (staff sessions, CSRF, messages, history).

A wallet call proves its sender by a signature and answers in a few milliseconds; a third of that would go to middleware
that finds nothing to do. The request id is set before this lane, the exchange log is written behind it.
"""

from collections.abc import Callable
from typing import Final

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import Resolver404, get_resolver

from apps.core.problem_types import HTTPS_REQUIRED, INTERNAL_ERROR, NOT_FOUND
from apps.core.problems import problem_response

PREFIXES: Final = ("/providers/", "/psp/", "/kyc/")

log = structlog.get_logger(__name__)


class VendorLaneMiddleware:
    """Answers paths of vendors itself, and passes every other request on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._resolver = get_resolver("casino_platform.vendor_urls")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Take the lane, or the whole stack."""
        if not request.path_info.startswith(PREFIXES):
            return self._get_response(request)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return problem_response(HTTPS_REQUIRED)
        try:
            match = self._resolver.resolve(request.path_info)
            response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
            return response.render() if isinstance(response, SimpleTemplateResponse) else response
        except Resolver404:
            return problem_response(NOT_FOUND)
        except Exception:
            log.exception("vendor_call_failed", path=request.path_info)
            return problem_response(INTERNAL_ERROR)
