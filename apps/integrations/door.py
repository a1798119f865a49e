"""What every door of vendors has in common: a view without DRF's negotiation, and the headers as they came."""

from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


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


def headers_of(http: HttpRequest) -> dict[str, str]:
    """Lower-case names; built from the environment directly, which is half the price of Django's `headers`."""
    headers = {
        name[5:].replace("_", "-").lower(): value for name, value in http.META.items() if name.startswith("HTTP_")
    }
    headers["content-type"] = http.META.get("CONTENT_TYPE", "")
    return headers
