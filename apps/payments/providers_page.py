"""How payment providers fare, and the drills in which one is passed over on purpose."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from apps.core.admin_actions import ReasonForm, staff_action, staff_of
from apps.core.admin_base import brand_scope
from apps.core.admin_display import NOTHING, amount_text, pill
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.integrations.models import InboundEvent, Integration
from apps.payments.base_page import PaymentPage
from apps.payments.circuits import state_of
from apps.payments.models import Attempt, Circuit, PspContract, RouteDrill, RoutingRule
from apps.payments.operations.drills import RUN_PERMISSION, end_drill, start_drill
from apps.payments.owed import owed_by

_LEVELS = {"closed": "good", "open": "bad", "half open": "warning", "drill": "info"}
_DAY = timedelta(hours=24)
_DRILLS_SHOWN = 20


class DrillForm(forms.Form):
    """Asks which provider, how long and why."""

    integration = forms.IntegerField()
    minutes = forms.IntegerField(min_value=1, max_value=120)
    reason = forms.CharField(min_length=5, max_length=300)


def providers_in(scope_codes: Any) -> list[dict[str, Any]]:
    """Say how each provider fares; a constant number of queries."""
    at = now()
    rows = Integration.objects.filter(kind=Integration.Kind.PAYMENTS).order_by("slug")
    if scope_codes is not None:
        rows = rows.filter(brand_code__in=scope_codes)
    found = list(rows)
    ids = [each.pk for each in found]
    circuits = Circuit.objects.in_bulk(ids)
    attempts = _counted(Attempt.objects.filter(integration_id__in=ids, started_at__gte=at - _DAY), "state")
    open_states = (InboundEvent.State.PARKED, InboundEvent.State.FAILED, InboundEvent.State.UNHANDLED)
    events = _counted(InboundEvent.objects.filter(integration_id__in=ids, state__in=open_states), "state")
    owed = owed_by(ids)
    contracts: dict[int, PspContract] = {}
    for contract in PspContract.objects.filter(integration_id__in=ids, valid_from__lte=at).order_by("valid_from"):
        contracts[contract.integration_id] = contract
    return [
        {
            "integration": each,
            "circuit": circuits.get(each.pk),
            "standing": pill(state := state_of(circuits.get(each.pk), now=at), state, _LEVELS[state]),
            "attempts": attempts.get(each.pk, {}),
            "events": events.get(each.pk, {}),
            "contract": contracts.get(each.pk),
            "owed": owed.get(each.pk, []),
        }
        for each in found
    ]


def _counted(rows: QuerySet[Any], name: str) -> dict[int, dict[str, int]]:
    counted: dict[int, dict[str, int]] = {}
    for pk, state, count in rows.order_by().values_list("integration_id", name).annotate(count=Count("pk")):
        counted.setdefault(pk, {})[state] = count
    return counted


@admin.register(RouteDrill)
class RouteDrillAdmin(PaymentPage):
    """A provider passed over on purpose for some minutes."""

    brand_code_lookup = "integration__brand_code"
    staff_actions = ("end",)
    list_display = ("started_at", "integration", "lasted", "started_by", "carried", "leaked", "reason")
    list_display_links = ("started_at",)
    list_filter = ("integration",)
    list_select_related = ("integration", "started_by")
    fields = (("integration", "started_by"), ("started_at", "ends_at", "ended_at"), "reason", ("carried", "leaked"))
    readonly_fields = ("carried", "leaked")
    empty_hint = "No drill yet. Start one under Providers, to see that the others carry a provider's payments."

    def get_queryset(self, request: HttpRequest) -> QuerySet[RouteDrill]:
        """With the names, in one query."""
        rows: QuerySet[RouteDrill] = super().get_queryset(request)
        return rows.select_related("integration", "started_by")

    def get_urls(self) -> list[URLPattern]:
        """Add the page of all providers."""
        site: Any = self.admin_site
        own = [path("providers/", site.admin_view(self.providers), name="payments_providers")]
        return [*own, *super().get_urls()]

    def providers(self, request: HttpRequest) -> HttpResponse:
        """Show how providers fare; by POST begin a drill."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._begin(request)
        scope = brand_scope(request.user)
        drills = self.get_queryset(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "Payment providers",
            "opts": self.opts,
            "providers": providers_in(None if scope is None else scope.codes),
            "drills": list(drills.filter(Q(ended_at=None) | Q(started_at__gte=now() - 90 * _DAY))[:_DRILLS_SHOWN]),
            "may_drill": request.user.has_perm(RUN_PERMISSION),
        }
        return TemplateResponse(request, "staff/payments/providers.html", context)

    def _begin(self, request: HttpRequest) -> HttpResponse:
        back = HttpResponseRedirect(reverse("admin:payments_providers"))
        form = DrillForm(request.POST)
        if not form.is_valid():
            messages.error(request, "A drill needs a provider, 1 to 120 minutes, and a reason of some words.")
            return back
        terms = form.cleaned_data
        try:
            drill = start_drill(
                integration_id=terms["integration"], minutes=terms["minutes"], reason=terms["reason"],
                actor=staff_of(request), now=now(),
            )  # fmt: skip
        except DomainError as refusal:
            messages.error(request, refusal.detail or refusal.title)
        else:
            messages.success(request, f"{drill.integration.slug} is passed over until {drill.ends_at:%H:%M} UTC.")
        return back

    @admin.display(description="lasted")
    def lasted(self, drill: RouteDrill) -> str:
        """How long."""
        if drill.ended_at is None:
            return pill("runs", f"runs until {drill.ends_at:%H:%M}", "info")
        return f"{int((drill.ended_at - drill.started_at).total_seconds() // 60)} min"

    @admin.display(description="carried by the others")
    def carried(self, drill: RouteDrill) -> str:
        """Attempts at the others meanwhile."""
        carried = drill.result.get("carried", {})
        return "; ".join(f"{slug}: {sum(states.values())}" for slug, states in carried.items()) or NOTHING

    @admin.display(description="went to it nevertheless")
    def leaked(self, drill: RouteDrill) -> str:
        """Attempts at the provider itself."""
        leaked = drill.result.get("leaked")
        return NOTHING if leaked is None else pill("leaked", str(leaked), "bad" if leaked else "good")

    @staff_action(
        title="End",
        permission=RUN_PERMISSION,
        form=ReasonForm,
        description="The provider is asked again from now on.",
        icon="stop_circle",
        applies=lambda drill: drill.ended_at is None,
    )
    def end(self, request: HttpRequest, obj: RouteDrill, data: dict[str, Any]) -> str:
        """Let it be asked again."""
        after = end_drill(drill_id=obj.pk, now=now())
        return f"Ended. The others carried: {self.carried(after)}."


@admin.register(RoutingRule)
class RoutingRuleAdmin(PaymentPage):
    """Which provider is preferred, avoided or forbidden for some payments."""

    big_table = False
    brand_code_lookup = "integration__brand_code"
    list_display = ("position", "name", "verdict_shown", "integration", "direction", "method", "when", "is_enabled")
    list_display_links = ("name",)
    list_filter = ("verdict", "direction", "is_enabled")
    list_select_related = ("integration", "method", "brand")
    fields = (("name", "position"), ("integration", "verdict_shown"), ("direction", "method"), "when", "is_enabled")
    readonly_fields = ("verdict_shown", "when")
    empty_hint = "No rule: providers are asked in the order of the matrix."

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """As they are read."""
        return ("position", "id")

    @admin.display(description="verdict")
    def verdict_shown(self, rule: RoutingRule) -> str:
        """What it means for the provider."""
        levels = {"prefer": "good", "avoid": "warning", "never": "bad"}
        return pill(rule.verdict, rule.get_verdict_display(), levels[rule.verdict])

    @admin.display(description="when")
    def when(self, rule: RoutingRule) -> str:
        """For which payments."""
        parts = [
            str(rule.brand) if rule.brand else "",
            rule.currency,
            ", ".join(rule.countries),
            f"players: {rule.tier}" if rule.tier else "",
            f"from {amount_text(rule.min_units, rule.currency)}" if rule.min_units else "",
            f"up to {amount_text(rule.max_units, rule.currency)}" if rule.max_units else "",
        ]
        return "; ".join(filter(None, parts)) or "always"
