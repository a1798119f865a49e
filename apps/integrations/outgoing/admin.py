"""Pages of outgoing webhooks: endpoints with how they fare, and the log of every message and try."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Min, Q
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.core.admin_actions import ReasonForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import pill
from apps.core.clock import now
from apps.integrations.outgoing.addresses import UnusableWebhookUrl, require_usable
from apps.integrations.outgoing.endpoints import change_endpoint, replay, rotate_secret, switch_endpoint
from apps.integrations.outgoing.models import WebhookAttempt, WebhookEndpoint, WebhookMessage

PERMISSION = "integrations.manage_webhookendpoint"
_TRIES_SHOWN = 30
_REPLAYED_AT_MOST = 1000


class KindsField(forms.CharField):
    """Names of events, one a line."""

    def __init__(self) -> None:
        super().__init__(
            label="Events",
            widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"}),
            help_text="One a line: player.status_changed; payments.* for a family; * for everything.",
        )

    def clean(self, value: str) -> list[str]:
        """Split into names."""
        return sorted(set(super().clean(value).split()))


class UrlField(forms.CharField):
    """An address that may be called."""

    def __init__(self) -> None:
        super().__init__(max_length=500, widget=UnfoldAdminTextInputWidget(), help_text="https:// and public.")

    def clean(self, value: str) -> str:
        """Refuse what can never work, beside the field."""
        url = str(super().clean(value))
        try:
            require_usable(url)
        except UnusableWebhookUrl as refusal:
            raise forms.ValidationError(refusal.detail or refusal.title) from refusal
        return url


class ChangeForm(ReasonForm):
    """Asks where to and what of."""

    url = UrlField()
    kinds = KindsField()
    field_order = ("url", "kinds", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, WebhookEndpoint):
            self.fields["url"].initial = self.target.url
            self.fields["kinds"].initial = "\n".join(self.target.kinds)


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(StaffAdmin):
    """An operator's system that is told what happens."""

    brand_code_lookup = "brand_code"
    staff_actions = ("change_it", "rotate", "turn_off", "turn_on", "replay_failed")
    change_form_template = "staff/webhook_endpoint.html"
    list_display = ("name", "brand_code", "url", "switched", "failing_since", "created_at")
    list_filter = ("state", "brand_code")
    search_fields = ("name", "url")
    fields = (
        ("name", "brand_code"), "url", "wanted", ("switched", "state_reason"), ("failing_since", "paused_until"),
        ("created_by", "created_at"),
    )  # fmt: skip
    readonly_fields = ("switched", "wanted")
    list_select_related = ("created_by",)
    empty_hint = "Nobody is told anything yet. Add an endpoint on the page of its brand (Set-up, Brands)."

    @admin.display(description="state", ordering="state")
    def switched(self, endpoint: WebhookEndpoint) -> str:
        """Whether anything is sent there."""
        return pill(endpoint.state)

    @admin.display(description="events")
    def wanted(self, endpoint: WebhookEndpoint) -> str:
        """What it is told."""
        return ", ".join(endpoint.kinds)

    def page_context(self, request: HttpRequest, obj: WebhookEndpoint) -> dict[str, Any]:
        """How it fares: the last day in figures, the last tries, its secrets' ids."""
        since = now() - timedelta(days=1)
        state = WebhookMessage.State
        figures = obj.messages.filter(Q(created_at__gte=since) | Q(state=state.PENDING)).aggregate(
            waiting=Count("pk", filter=Q(state=state.PENDING)),
            oldest=Min("created_at", filter=Q(state=state.PENDING)),
            delivered=Count("pk", filter=Q(state=state.DELIVERED)),
            given_up=Count("pk", filter=Q(state=state.FAILED)),
        )
        tries = WebhookAttempt.objects.filter(message__endpoint=obj).select_related("message")[:_TRIES_SHOWN]
        return {"figures": figures, "tries": tries, "secrets": obj.secrets.all()}

    @staff_action(title="Change", permission=PERMISSION, form=ChangeForm, icon="edit")
    def change_it(self, request: HttpRequest, obj: WebhookEndpoint, data: dict[str, Any]) -> str:
        """Send elsewhere, or other events."""
        change_endpoint(endpoint_id=obj.pk, actor=staff_of(request), now=now(), **data)
        return f"{obj.name} is changed, from the next event on."

    @staff_action(
        title="Rotate secret",
        permission=PERMISSION,
        description="The old secret signs beside the new one for 24 hours. The new one is shown once.",
        icon="key",
    )
    def rotate(self, request: HttpRequest, obj: WebhookEndpoint, data: dict[str, Any]) -> str:
        """Make a new secret."""
        secret = rotate_secret(endpoint_id=obj.pk, reason=data["reason"], actor=staff_of(request), now=now())
        return f"The new secret, shown only now: {secret}"

    @staff_action(
        title="Switch off",
        permission=PERMISSION,
        description="Events go on being collected and are told in order when it is on again.",
        danger=True,
        icon="power_settings_new",
        applies=lambda endpoint: endpoint.state == "on",
    )
    def turn_off(self, request: HttpRequest, obj: WebhookEndpoint, data: dict[str, Any]) -> str:
        """Stop sending."""
        switch_endpoint(endpoint_id=obj.pk, on=False, reason=data["reason"], actor=staff_of(request), now=now())
        return f"Nothing is sent to {obj.name} any more."

    @staff_action(
        title="Switch on",
        permission=PERMISSION,
        icon="play_circle",
        applies=lambda endpoint: endpoint.state == "off",
    )
    def turn_on(self, request: HttpRequest, obj: WebhookEndpoint, data: dict[str, Any]) -> str:
        """Resume sending."""
        switch_endpoint(endpoint_id=obj.pk, on=True, reason=data["reason"], actor=staff_of(request), now=now())
        return f"{obj.name} is told what has happened since."

    @staff_action(
        title="Replay what was given up",
        permission=PERMISSION,
        description="Tells up to a thousand given-up messages again, the oldest first, under their old ids.",
        icon="replay",
    )
    def replay_failed(self, request: HttpRequest, obj: WebhookEndpoint, data: dict[str, Any]) -> str:
        """Tell again."""
        failed = obj.messages.filter(state=WebhookMessage.State.FAILED).order_by("sequence")
        ids = list(failed.values_list("pk", flat=True)[:_REPLAYED_AT_MOST])
        count = replay(message_ids=ids, reason=data["reason"], actor=staff_of(request), now=now())
        return f"{count} messages are told again."


@admin.register(WebhookMessage)
class WebhookMessageAdmin(StaffAdmin):
    """One event for one endpoint, with every try."""

    brand_code_lookup = "endpoint__brand_code"
    big_table = True
    staff_actions = ("tell_again",)
    change_form_template = "staff/webhook_message.html"
    list_display = ("kind", "endpoint", "sequence", "shown_state", "attempts", "created_at", "delivered_at")
    list_filter = ("state", "endpoint")
    list_select_related = ("endpoint",)
    search_fields = ("=ordering_key", "=id")
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        ("kind", "sequence"), ("endpoint", "shown_state"), ("ordering_key", "fact_id"),
        ("attempts", "next_attempt_at"), ("created_at", "delivered_at"),
    )  # fmt: skip
    readonly_fields = ("shown_state",)
    empty_hint = "Nothing was told yet. Events appear here within seconds after they happen."

    @admin.display(description="state", ordering="state")
    def shown_state(self, message: WebhookMessage) -> str:
        """What became of it."""
        return pill({"pending": "open", "delivered": "success", "failed": "broken"}[message.state], message.state)

    def page_context(self, request: HttpRequest, obj: WebhookMessage) -> dict[str, Any]:
        """Its body and tries."""
        return {"tries": obj.tries.all()}

    @staff_action(
        title="Tell again",
        permission=PERMISSION,
        description="Under the same webhook-id, so that a receiver that has it already can tell.",
        icon="replay",
        applies=lambda message: message.state != "pending",
    )
    def tell_again(self, request: HttpRequest, obj: WebhookMessage, data: dict[str, Any]) -> str:
        """Replay one message."""
        replay(message_ids=[obj.pk], reason=data["reason"], actor=staff_of(request), now=now())
        return "It is told again within seconds."
