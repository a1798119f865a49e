"""What every door of vendors has in common: a lean view, the request as it arrived, and its row in the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.client_address import client_address
from apps.core.errors import DomainError
from apps.core.ids import uuid7
from apps.core.request_context import current_request_id
from apps.integrations.connections import Connection
from apps.integrations.exchange_log import RequestRecord, masked_headers, masked_path


class BodyTooLarge(DomainError):
    """No vendor's call needs so much."""

    code = "body-too-large"
    title = "The request body is too large"
    status = 413


@dataclass(frozen=True, slots=True)
class VendorRequest:
    """A vendor's request as it arrived: nothing parsed, nothing verified."""

    id: UUID
    connection: Connection
    method: str
    path: str
    """Below the integration's prefix, without slashes at its ends."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    remote_address: str
    started_at: datetime
    now: datetime
    """Business time."""
    full_path: str = ""
    """As the log keeps it: with the query string, its secrets masked."""
    query: str = ""
    """The query string as it came, still encoded."""


class VendorView(APIView):
    """
    A lean view: no content negotiation, parsers, serializers, permissions or throttles.

    The adapter reads the raw bytes and proves the caller by his signature. A field-by-field serializer costs more here
    than the database.
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    # OPTIONS would describe our code to whoever asks.
    metadata_class = None
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nothing to negotiate."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """The adapter's bytes go out as they are; only problem documents need rendering."""
        if not isinstance(response, Response):
            return response
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request, force=True)
        return super().finalize_response(request, response, *args, **kwargs)


def received(http: HttpRequest, found: Connection, path: str, *, max_body_bytes: int) -> VendorRequest:
    """
    Take over a request.

    :raises BodyTooLarge: above `max_body_bytes`
    """
    body = http.body
    if len(body) > max_body_bytes:
        raise BodyTooLarge(f"At most {max_body_bytes} bytes.")
    query: str = http.META.get("QUERY_STRING", "")
    return VendorRequest(
        id=current_request_id() or uuid7(),
        connection=found,
        method=cast("str", http.method),
        path=path,
        full_path=masked_path(f"{http.path}?{query}") if query else http.path,
        query=query,
        headers=_headers_of(http),
        body=body,
        remote_address=client_address(http),
        started_at=datetime.now(UTC),
        now=clock.now(),
    )


def request_record(request: VendorRequest, *, verified_by: str, outcome: str, **links: Any) -> RequestRecord:
    """Make the request's half of its exchange; `links` are player, round and transaction where they are known."""
    return RequestRecord(
        id=request.id,
        started_at=request.started_at,
        integration_id=request.connection.id,
        direction="in",
        method=request.method,
        path=request.full_path,
        headers=masked_headers(request.headers),
        body=request.body,
        remote_address=request.remote_address,
        verified_by=verified_by,
        outcome=outcome,
        **links,
    )


def _headers_of(http: HttpRequest) -> dict[str, str]:
    """Lower-case names; built from the environment directly, which is half the price of Django's `headers`."""
    headers = {
        name[5:].replace("_", "-").lower(): value for name, value in http.META.items() if name.startswith("HTTP_")
    }
    headers["content-type"] = http.META.get("CONTENT_TYPE", "")
    return headers
