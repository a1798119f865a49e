"""Lists by cursor: stable while rows arrive, and as cheap on the last page as on the first."""

from collections.abc import Sequence
from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination as DrfCursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class CursorPagination(DrfCursorPagination):
    """
    Pages of ``limit`` rows (50 unless asked, 200 at most), newest first unless the view says else.

    A view may set ``cursor_ordering`` (a field or a tuple of fields, e.g. ``"-created_at"``). What
    is not a cursor of ours, or not a limit in range, is refused instead of being read as the first page.
    """

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    page_size_query_description = "Number of results a page, at most 200."
    cursor_query_description = "Opaque position, taken from `next` or `previous` of an earlier page."
    ordering = "-pk"
    # The browsable API is not served, so neither are its page controls.
    template = cast("str", None)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        """The view's ``cursor_ordering``, else newest first; always down to the row itself."""
        wanted: str | Sequence[str] | None = getattr(view, "cursor_ordering", None)
        if wanted is None:
            wanted = super().get_ordering(request, queryset, view)
        ordering = (wanted,) if isinstance(wanted, str) else tuple(wanted)
        if {name.lstrip("-") for name in ordering} & {"pk", queryset.model._meta.pk.name}:
            return ordering
        # Rows equal in the fields asked for would come in any order, and be skipped or shown twice.
        return (*ordering, "-pk" if ordering[0].startswith("-") else "pk")

    def get_page_size(self, request: Request) -> int | None:
        """Read ``limit``; refuses what is not a whole number from 1 to 200."""
        text = request.query_params.get("limit")
        if text is None:
            return self.page_size
        if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= self.max_page_size):  # noqa: PLR2004
            raise ValidationError({"limit": [f"Must be a whole number from 1 to {self.max_page_size}."]})
        return int(text)

    def decode_cursor(self, request: Request) -> Any:
        """Refuse what no database can compare with."""
        cursor = super().decode_cursor(request)
        if cursor is not None and "\0" in str(cursor.position or ""):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        """Cut one page; a forged or damaged cursor is a 400 of the field ``cursor``."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, DjangoValidationError, ValueError) as error:
            raise ValidationError({"cursor": ["Not a cursor of this list."]}) from error

    def get_paginated_response(self, data: Any) -> Response:
        """Results and the addresses of the pages beside them."""
        return Response({"results": data, "next": self.get_next_link(), "previous": self.get_previous_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The same, for OpenAPI."""
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Query parameters, for OpenAPI, with the bounds of ``limit``."""
        parameters = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"].update(minimum=1, maximum=self.max_page_size, default=self.page_size)
        return cast("list[dict[str, Any]]", parameters)
