"""The list of vendors' events, the page that shows one as it came, and the button that processes it anew."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from apps.core.admin_actions import staff_action, staff_of
from apps.core.admin_display import NOTHING, pill
from apps.core.clock import now
from apps.core.shown_bodies import shown_body
from apps.integrations import inbox
from apps.integrations.exchange_admin import IntegrationFilter
from apps.integrations.models import InboundEvent, Integration
from apps.payments.base_page import PaymentPage, level
from apps.payments.inbox_tasks import PROCESS_EVENT
from apps.payments.models import Attempt, PaymentStep

_MOST_EVENTS = 100


def _is_ours(event: InboundEvent) -> bool:
    return event.integration.kind == Integration.Kind.PAYMENTS


def events_about(steps: Iterable[PaymentStep], attempts: Iterable[Attempt]) -> list[InboundEvent]:
    """List the events of a payment: those that became a step of it, and unprocessed ones that name it."""
    told = {(step.integration_id, step.event_id) for step in steps if step.event_id}
    vendors = {attempt.integration_id for attempt in attempts}
    names = {name for attempt in attempts for name in (attempt.key, attempt.psp_reference) if name}
    rows = InboundEvent.objects.defer("body", "headers").select_related("integration")
    counted = rows.filter(integration_id__in={vendor for vendor, _ in told}, event_id__in={name for _, name in told})
    # Two queries, each with an index of its own: references are looked for among the unprocessed only.
    waiting = rows.filter(
        ~Q(state=InboundEvent.State.PROCESSED), integration_id__in=vendors, references__overlap=list(names)
    )
    found = {event.pk: event for event in (*counted[:_MOST_EVENTS], *waiting[:_MOST_EVENTS])}
    return sorted(found.values(), key=lambda event: event.pk)


@admin.register(InboundEvent)
class InboundEventAdmin(PaymentPage):
    """One event that a vendor told us of."""

    brand_code_lookup = "integration__brand_code"
    staff_actions = ("replay",)
    change_form_template = "staff/payments/event.html"
    list_display = (
        "received_at",
        "integration",
        "word",
        "id_shown",
        "state_shown",
        "outcome",
        "deliveries",
        "attempts",
    )
    list_filter = ("state", IntegrationFilter)
    list_select_related = ("integration",)
    search_fields = ("=event_id",)
    search_help_text = "The vendor's id of the event, in full"
    fields = ()
    empty_hint = "No vendor has told us of anything yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundEvent]:
        """With the vendor, in one query; bodies only where one is shown."""
        rows: QuerySet[InboundEvent] = super().get_queryset(request).select_related("integration")
        match = request.resolver_match
        is_list = match is not None and (match.url_name or "").endswith("_changelist")
        return rows.defer("body", "headers") if is_list else rows

    def page_context(self, request: HttpRequest, obj: InboundEvent) -> dict[str, Any]:
        """As it came, readable."""
        steps = PaymentStep.objects.filter(integration_id=obj.integration_id, event_id=obj.event_id)
        return {
            "event": obj,
            "state": pill(obj.state, obj.get_state_display(), level(obj.state)),
            "body": shown_body(obj.body),
            "steps": list(steps),
            "may_see_exchange": request.user.has_perm("integrations.view_exchange"),
        }

    @admin.display(description="event id")
    def id_shown(self, event: InboundEvent) -> str:
        """The vendor's id of it; a long one takes more lines, so that the outcome stays in sight."""
        return format_html('<span class="mono break inline-block min-w-20">{}</span>', event.event_id)

    @admin.display(description="state")
    def state_shown(self, event: InboundEvent) -> str:
        """Processed or not."""
        return pill(event.state, level=level(event.state))

    @admin.display(description="outcome")
    def outcome(self, event: InboundEvent) -> str:
        """What processing did, or why it did nothing."""
        return event.result or event.error[:80] or NOTHING

    @staff_action(
        title="Replay",
        permission="integrations.replay_inboundevent",
        description="Processes the event anew. What it has done already is not done twice.",
        icon="replay",
        applies=_is_ours,
    )
    def replay(self, request: HttpRequest, obj: InboundEvent, data: dict[str, Any]) -> str:
        """Queue it again."""
        inbox.replay(row_id=obj.pk, task=PROCESS_EVENT, reason=data["reason"], actor=staff_of(request), now=now())
        return f"Event {obj.event_id} is queued; its state changes when it has been processed."
