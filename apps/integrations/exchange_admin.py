"""Pages of the exchange log: every request that crossed the border, with its answer."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from apps.core.admin_base import StaffAdmin, brand_scope
from apps.core.admin_display import duration_text, pill, trace_link
from apps.core.ids import uuid7, uuid7_floor, uuid7_time
from apps.core.shown_bodies import shown_body, shown_text
from apps.integrations.models import Exchange, HealthMinute, Integration


class SinceFilter(admin.SimpleListFilter):
    """How far back to look; without it a rare match would read the whole log."""

    title = "time"
    parameter_name = "since"
    _WINDOWS = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7), "31d": timedelta(days=31)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The windows."""
        return [
            ("1h", "Last hour"),
            ("24h", "Last 24 hours"),
            ("7d", "Last 7 days"),
            ("31d", "Last 31 days"),
            ("all", "Ever"),
        ]

    def choices(self, changelist: Any) -> Any:
        """Without Django's "All": the first 24 hours are what one gets unasked."""
        for value, title in self.lookup_choices:
            yield {
                "selected": (self.value() or "24h") == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Bound the ids, whose first bits are the (real) time; that leaves older partitions unread."""
        window = self._WINDOWS.get(self.value() or "24h")
        if window is None:
            return queryset
        return queryset.filter(pk__gte=uuid7_floor(uuid7_time(uuid7()) - window))


class _SeenFilter(admin.SimpleListFilter):
    """Choices are what occurred in the last day, read from the minute aggregates instead of the log."""

    column = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What occurred."""
        since = uuid7_time(uuid7()) - timedelta(days=1)
        words = HealthMinute.objects.filter(minute__gte=since).values_list(self.column, flat=True).distinct()
        chosen = {self.value()} if self.value() else set()
        return [(word, word.replace("_", " ")) for word in sorted({*words, *chosen} - {"", None})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those whose reply says so."""
        return queryset.filter(**{f"reply__{self.column}": self.value()}) if self.value() else queryset


class VerbFilter(_SeenFilter):
    """The protocol's word."""

    title = "verb"
    parameter_name = "verb"
    column = "verb"


class OutcomeFilter(_SeenFilter):
    """What became of it."""

    title = "outcome"
    parameter_name = "outcome"
    column = "outcome"


class IntegrationFilter(admin.SimpleListFilter):
    """Which connection."""

    title = "integration"
    parameter_name = "integration"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        """Those of the person's brands."""
        scope = brand_scope(request.user)
        rows = Integration.objects.all() if scope is None else Integration.objects.filter(brand_code__in=scope.codes)
        return list(rows.values_list("pk", "slug"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Its exchanges."""
        chosen = self.value()
        return queryset.filter(integration_id=int(chosen)) if chosen and chosen.isdecimal() else queryset


@admin.register(Exchange)
class ExchangeAdmin(StaffAdmin):
    """Every request that crossed the border, with its answer. Append-only."""

    big_table = True
    change_form_template = "staff/exchange.html"
    list_display = ("started", "slug", "direction", "call", "outcome_shown", "answered", "took", "traced")
    list_display_links = ("started",)
    list_filter = (SinceFilter, IntegrationFilter, "direction", VerbFilter, OutcomeFilter)
    ordering = ("-id",)
    sortable_by = ()
    fields = ()
    empty_hint = "No call in the last 24 hours. Choose a longer time in the filters."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Exchange]:
        """With the reply and the connection's name, in one query; only connections of the person's brands."""
        rows: QuerySet[Exchange] = super().get_queryset(request).select_related("reply")
        scope = brand_scope(request.user)
        if scope is not None:
            mine = Integration.objects.filter(brand_code__in=scope.codes).values_list("pk", flat=True)
            rows = rows.filter(integration_id__in=list(mine))
        name = Integration.objects.filter(pk=OuterRef("integration_id")).values("slug")[:1]
        return rows.annotate(slug_name=Subquery(name))

    def page_context(self, request: HttpRequest, obj: Exchange) -> dict[str, Any]:
        """Both halves, readable."""
        reply = getattr(obj, "reply", None)
        return {
            "exchange": obj,
            "reply": reply,
            "shown_path": shown_text(obj.path),
            "request_body": shown_body(obj.body),
            "reply_body": shown_body(reply.body) if reply else "",
        }

    @admin.display(description="started (UTC)")
    def started(self, exchange: Exchange) -> str:
        """When, to the millisecond."""
        return f"{exchange.started_at:%Y-%m-%d %H:%M:%S}.{exchange.started_at.microsecond // 1000:03d}"

    @admin.display(description="integration")
    def slug(self, exchange: Any) -> str:
        """Which connection."""
        return exchange.slug_name or "unknown"

    @admin.display(description="call")
    def call(self, exchange: Exchange) -> str:
        """The protocol's verb, or the path."""
        reply = getattr(exchange, "reply", None)
        return (reply.verb if reply else "") or f"{exchange.method} {shown_text(exchange.path)[:60]}"

    @admin.display(description="outcome")
    def outcome_shown(self, exchange: Exchange) -> str:
        """What became of it."""
        reply = getattr(exchange, "reply", None)
        return pill((reply.outcome if reply else "") or exchange.outcome)

    @admin.display(description="HTTP status")
    def answered(self, exchange: Exchange) -> str:
        """The answer's status."""
        reply = getattr(exchange, "reply", None)
        if reply is None:
            return "not recorded yet"
        return str(reply.status) if reply.status else "no answer"

    @admin.display(description="took")
    def took(self, exchange: Exchange) -> str:
        """From first byte to answer."""
        reply = getattr(exchange, "reply", None)
        return duration_text(reply.duration_us if reply else None)

    @admin.display(description="trace")
    def traced(self, exchange: Exchange) -> str:
        """The whole story."""
        return trace_link(exchange.pk, "trace")
