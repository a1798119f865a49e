"""Pages of incidents, and what the page of an integration shows of how it fares."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from apps.core.admin_actions import ReasonForm, reason_field, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import facts_list, pill
from apps.core.charts import Column, Series, lines, stacked_bars
from apps.integrations.health import VendorHealth, vendor_health
from apps.integrations.models import Exchange, Integration
from apps.integrations.watch.history import error_budget, last_day
from apps.integrations.watch.incidents import acknowledge
from apps.integrations.watch.models import Breaker, Incident, ServiceTarget

_ALERTS = Path(settings.BASE_DIR) / "docs" / "alerts.md"
_COLOURS = {
    "success": "var(--staff-good, #2a9d7f)", "refusal": "#9aa7b6", "auth": "#c084fc", "timeout": "#f59e0b",
    "error": "#dc2626",
}  # fmt: skip
_PRESENT = timedelta(minutes=15)
_INCIDENTS_SHOWN = 10
_EXCHANGES_SHOWN = 10


class TargetForm(ReasonForm):
    """Asks what the integration has to reach."""

    success_percent = forms.DecimalField(
        label="Calls that end as meant, %", min_value=1, max_value=99.999, widget=UnfoldAdminDecimalFieldWidget()
    )
    p95_ms = forms.IntegerField(
        label="95 % of calls faster than, ms", min_value=1, max_value=60_000, widget=UnfoldAdminIntegerFieldWidget()
    )
    silence_minutes = forms.IntegerField(
        label="Silence is an incident after, minutes",
        min_value=5,
        max_value=1440,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    key_age_days = forms.IntegerField(
        label="Keys are rotated after, days", min_value=1, max_value=3650, widget=UnfoldAdminIntegerFieldWidget()
    )
    alert_emails = forms.CharField(
        label="Tell of incidents by e-mail", required=False, max_length=500, widget=UnfoldAdminTextInputWidget(),
        help_text="Addresses with commas between them, beside those of the installation.",
    )  # fmt: skip
    reason = reason_field(300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, Integration):
            present = target_of(self.target)
            for name in ("success_percent", "p95_ms", "silence_minutes", "key_age_days", "alert_emails"):
                self.fields[name].initial = getattr(present, name)


def target_of(integration: Integration) -> ServiceTarget:
    """What the integration has to reach: its own row, or the defaults."""
    return ServiceTarget.objects.filter(pk=integration.pk).first() or ServiceTarget(integration=integration)


def health_context(request: HttpRequest, integration: Integration) -> dict[str, Any]:
    """Charts, budget, incidents and last calls for the page of an integration."""
    at = timezone.now()
    stretches = last_day(integration.pk, now=at)
    target = target_of(integration)
    labels = [f"{each.start:%H:%M}" for each in stretches]
    budget = error_budget(integration.pk, success_percent=float(target.success_percent), now=at)
    latest = Exchange.objects.filter(integration_id=integration.pk).select_related("reply").order_by("-id")
    return {
        "calls_chart": stacked_bars(
            [Column(label, each.by_class) for label, each in zip(labels, stretches, strict=True)],
            _COLOURS,
            title="Calls in each half hour, by how they ended",
        ),
        "latency_chart": lines(
            labels,
            [
                Series("p50", "#2a9d7f", [each.p50_ms for each in stretches]),
                Series("p95", "#2563eb", [each.p95_ms for each in stretches]),
                Series("p99", "#c084fc", [each.p99_ms for each in stretches]),
                Series("target of p95", "#9aa7b6", [float(target.p95_ms)] * len(stretches)),
            ],
            title="Latency of our answers, ms",
        ),
        "day": {
            "calls": sum(each.calls for each in stretches),
            "replayed": sum(each.replayed for each in stretches),
            "rolled_back": sum(each.rolled_back for each in stretches),
        },
        "target": target,
        "present": (present := _present(integration.pk, at)),
        "present_percent": None if present is None or present.success_rate is None else present.success_rate * 100,
        "present_minutes": _PRESENT // timedelta(minutes=1),
        "budget": budget,
        "budget_percent": None if budget.used is None else round(budget.used * 100, 1),
        "breaker": Breaker.objects.filter(pk=integration.pk).first(),
        "incidents": integration.incidents.select_related("acknowledged_by")[:_INCIDENTS_SHOWN],
        "latest": latest[:_EXCHANGES_SHOWN] if request.user.has_perm("integrations.view_exchange") else None,
    }


def _present(integration_id: int, at: datetime) -> VendorHealth | None:
    """How the vendor's calls to us have gone in the last minutes."""
    rows = vendor_health(since=at - _PRESENT, until=at, direction="in")
    return next((each for each in rows if each.integration_id == integration_id), None)


def what_to_do_about(rule: str) -> SafeString:
    """The section of docs/alerts.md that a rule has, as staff read it on the incident's page."""
    text = _ALERTS.read_text(encoding="utf-8")
    _, found, rest = text.partition(f"\n## {rule}\n")
    section = rest.partition("\n## ")[0] if found else ""
    html = MarkdownIt("commonmark", {"html": False}).disable("link").render(section)
    return mark_safe(f'<div class="staff-guide">{html}</div>')  # noqa: S308 - our own file, with HTML in it switched off


@admin.register(Incident)
class IncidentAdmin(StaffAdmin):
    """A vendor that fell short, from when to when, and who looks after it."""

    brand_code_lookup = "integration__brand_code"
    staff_actions = ("take_over",)
    list_display = (
        "summary",
        "integration",
        "rule",
        "shown_severity",
        "state",
        "opened_at",
        "closed_at",
        "acknowledged_by",
    )
    list_filter = ("severity", "rule", "integration")
    list_select_related = ("integration", "acknowledged_by")
    ordering = ("-id",)
    fields = (
        ("integration", "rule"), ("shown_severity", "state"), "summary", "figures", ("opened_at", "closed_at"),
        "seen_at",
        ("acknowledged_by", "acknowledged_at"), "note", "what_to_do",
    )  # fmt: skip
    readonly_fields = ("shown_severity", "state", "figures", "what_to_do")
    empty_hint = "No vendor has fallen short of its targets. Targets are set on the page of each integration."

    @admin.display(description="severity")
    def shown_severity(self, incident: Incident) -> str:
        """How soon somebody has to look."""
        return pill({"critical": "broken", "warning": "open"}[incident.severity], incident.severity)

    @admin.display(description="state")
    def state(self, incident: Incident) -> str:
        """Whether it is over."""
        return pill("closed", "over") if incident.closed_at else pill("open")

    @admin.display(description="figures")
    def figures(self, incident: Incident) -> str:
        """What the rule saw."""
        return facts_list(incident.evidence)

    @admin.display(description="what to do")
    def what_to_do(self, incident: Incident) -> str:
        """The runbook's section."""
        return what_to_do_about(incident.rule)

    @staff_action(
        title="Take over",
        permission="integrations.acknowledge_incident",
        description="Tells the others that you look after it.",
        icon="front_hand",
        applies=lambda incident: incident.closed_at is None and incident.acknowledged_by_id is None,
    )
    def take_over(self, request: HttpRequest, obj: Incident, data: dict[str, Any]) -> str:
        """Say who looks after it."""
        acknowledge(incident_id=obj.pk, note=data["reason"], actor=staff_of(request), now=timezone.now())
        return "You look after it."
