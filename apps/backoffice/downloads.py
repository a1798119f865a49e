"""Every file that leaves the staff site is written down before its first byte does, whichever page hands it out."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from apps.backoffice.models import Download, WalledDownload
from apps.backoffice.second_factor import is_fresh
from apps.core.client_address import client_address
from apps.core.clock import now
from apps.core.request_context import current_request_id

_STAFF_SITE = "/admin/"
_WALLED = "filings"
_OK = 200
_FILE_NAME = re.compile(r'filename="?([^";]*)')


class DownloadLogMiddleware:
    """
    Record each answer of the staff site that is a file.

    It looks at the answer, not at the page, so that no page can forget it. If the record cannot be written, the file
    does not go out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let the page answer, then look at what it answers."""
        response = self._get_response(request)
        if is_file(request, response):
            # The pages that hand out files ask for it before; this holds for one that nobody named there.
            if not is_fresh(request):
                return HttpResponseForbidden("Show your second factor again before taking a file out.")
            record_download(request, response)
        return response


def is_file(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Say whether an answer hands a file to a member of staff."""
    return (
        request.path.startswith(_STAFF_SITE)
        and response.status_code == _OK
        and response.headers.get("Content-Disposition", "").startswith("attachment")
    )


def record_download(request: HttpRequest, response: HttpResponseBase) -> None:
    """Write down who takes what; behind the wall, into the log that is there."""
    user: Any = request.user
    place = _place(request)
    model = WalledDownload if place.partition(":")[0] == _WALLED else Download
    content = response.content if isinstance(response, HttpResponse) else None
    declared = response.headers.get("Content-Length", "")
    name = _FILE_NAME.search(response.headers["Content-Disposition"])
    model.objects.create(
        user=user,
        view=place[:120],
        path=request.path[:300],
        file_name=(name.group(1) if name else "")[:200],
        purpose=_purpose(request),
        size_bytes=len(content) if content is not None else (int(declared) if declared.isdecimal() else None),
        sha256=hashlib.sha256(content).hexdigest()
        if content is not None
        else response.headers.get("X-Content-SHA256", ""),
        remote_address=client_address(request),
        request_id=current_request_id(),
        at=now(),
    )


def _purpose(request: HttpRequest) -> str:
    given = request.POST if request.method == "POST" else request.GET
    return (given.get("purpose") or given.get("reason") or "").strip()[:300]


def _place(request: HttpRequest) -> str:
    try:
        return request.resolver_match.view_name if request.resolver_match else resolve(request.path_info).view_name
    except Resolver404:
        return ""
