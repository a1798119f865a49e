"""Keeps NUL characters out of addresses: PostgreSQL can neither store nor compare them."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.core.problem_types import MALFORMED_REQUEST
from apps.core.problems import problem_response

_ENCODED_NUL: Final = "%00"


class RefuseNulMiddleware:
    """Refuses requests with such an address; bodies are the business of their parsers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 400 or pass the request on."""
        if "\0" in request.path_info or _ENCODED_NUL in request.META.get("QUERY_STRING", ""):
            return problem_response(MALFORMED_REQUEST, "The address holds a NUL character.")
        return self._get_response(request)
