"""Runs: what was compared with what, in three legs, and how much of it agrees."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from apps.core.admin_actions import staff_of
from apps.core.admin_base import brand_scope
from apps.core.admin_display import amount_text, pill
from apps.core.clock import now
from apps.integrations.models import Integration
from apps.reconciliation.base_page import ReconciliationPage, first_error, integrations_of, level
from apps.reconciliation.charts import bars
from apps.reconciliation.explaining import explanation
from apps.reconciliation.models import BreakClass, Run, Scope
from apps.reconciliation.models.runs import EXPECTED
from apps.reconciliation.operations import runs
from apps.reconciliation.progress import progress_of

_ITEMS_SHOWN = 200


class RunForm(forms.Form):
    """What to compare, as of which day."""

    what = forms.ChoiceField(label="What")
    day = forms.DateField(label="As of", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, integrations: QuerySet[Integration], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {str(each.pk): each for each in integrations}
        choices = [("internal", "Our own books"), *((key, each.slug) for key, each in self.known.items())]
        self.fields["what"].choices = choices  # type: ignore[attr-defined]


@admin.register(Run)
class RunAdmin(ReconciliationPage):
    """What was compared with what, and how much of it agrees."""

    brand_code_lookup = ""
    change_list_template = "staff/reconciliation/runs.html"
    change_form_template = "staff/reconciliation/run.html"
    list_display = (
        "business_date",
        "of",
        "state_shown",
        "break_count",
        "expected_count",
        "rate",
        "hash_shown",
        "finished_at",
    )
    list_display_links = ("business_date",)
    list_filter = ("scope", "state", "integration")
    list_select_related = ("integration",)
    fields = ()
    empty_hint = "Nothing has been compared yet. The schedule does it every night; the form above does it now."
    list_form_permission = runs.START_PERMISSION

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Of the person's brands, and of the books of all."""
        rows: QuerySet[Run] = super().get_queryset(request).select_related("integration", "requested_by")
        scope = brand_scope(request.user)
        if scope is None:
            return rows
        return rows.filter(integration__brand_code__in=scope.codes) | rows.filter(integration=None)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the form that starts one."""
        form = RunForm(self._choices(request)) if request.user.has_perm(runs.START_PERMISSION) else None
        return super().changelist_view(request, dict[str, Any](extra_context or {}) | {"run_form": form})

    def list_form(self, request: HttpRequest) -> str:
        """Start a run."""
        form = RunForm(self._choices(request), request.POST)
        if not form.is_valid():
            raise runs.RunNotSound(first_error(form))
        integration = form.known.get(form.cleaned_data["what"])
        scope = Scope.INTERNAL
        if integration is not None:
            scope = Scope.GAMES if integration.kind == Integration.Kind.GAMES else Scope.PSP
        day = form.cleaned_data["day"]
        run = runs.request_run(scope=scope, integration=integration, day=day, actor=staff_of(request), now=now())
        return f"Queued: {run}."

    def _choices(self, request: HttpRequest) -> QuerySet[Integration]:
        return integrations_of(request, Integration.Kind.PAYMENTS, Integration.Kind.GAMES)

    def page_context(self, request: HttpRequest, obj: Run) -> dict[str, Any]:
        """Three legs, what disagrees by class, and the first of it."""
        found = obj.items.exclude(kind=EXPECTED)
        counts: dict[str, int] = {}
        for kind in found.order_by().values_list("kind", flat=True).iterator():
            counts[kind] = counts.get(kind, 0) + 1
        breaks_url = reverse("admin:reconciliation_break_changelist")
        return {
            "run": obj,
            "state": self.state_shown(obj),
            "rate": self.rate(obj),
            "progress": progress_of(f"run-{obj.pk}") if obj.state in ("queued", "running") else None,
            "legs": _legs(obj.figures),
            "games": obj.figures.get("games", []),
            "by_class": bars(
                (BreakClass(kind).label, str(count), count, "bad", f"{breaks_url}?queue=all&kind__exact={kind}")
                for kind, count in sorted(counts.items(), key=lambda each: -each[1])
            ),
            "items": [_item(each) for each in found[:_ITEMS_SHOWN]],
            "expected": [_item(each) for each in obj.items.filter(kind=EXPECTED)[:20]],
            "items_shown": _ITEMS_SHOWN,
        }

    @admin.display(description="of")
    def of(self, run: Run) -> str:
        """What was compared."""
        return run.integration.slug if run.integration else "our own books"

    @admin.display(description="state")
    def state_shown(self, run: Run) -> str:
        """Where it stands."""
        return pill(run.state, Run.State(run.state).label, level(run.state))

    @admin.display(description="agrees")
    def rate(self, run: Run) -> str:
        """What share of the payments compared agrees."""
        compared = run.figures.get("compared", 0)
        if not compared:
            return "–"
        return f"{max(0.0, 100 * (1 - run.figures['disagreeing'] / compared)):.2f} %"

    @admin.display(description="report")
    def hash_shown(self, run: Run) -> str:
        """The first digits of the report's hash."""
        return format_html('<span class="mono" title="{}">{}</span>', run.report_hash, run.report_hash[:12] or "–")


def _legs(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """One table for each leg."""
    ledger = [(row[0], row[2], amount_text(row[3], row[1])) for row in figures.get("ledger", [])]
    settlement = [(row[0], row[2], amount_text(row[3], row[1])) for row in figures.get("settlement", [])]
    paid = [("paid out by the provider", row[1], amount_text(row[2], row[0])) for row in figures.get("batches", [])]
    bank = [("credited by the bank", row[1], amount_text(row[2], row[0])) for row in figures.get("bank", [])]
    return [
        {"title": "Our ledger", "unit": "posting", "rows": ledger},
        {"title": "The provider's settlement", "unit": "line", "rows": settlement},
        {"title": "The bank", "unit": "", "rows": [*paid, *bank]},
    ]


def _item(item: Any) -> dict[str, Any]:
    label = BreakClass(item.kind).label if item.kind in BreakClass.values else "Expected"
    return {
        "kind": label,
        "subject": item.subject,
        "words": explanation(
            kind=item.kind if item.kind != EXPECTED else "timing",
            subject=item.subject,
            currency=item.currency,
            expected=item.expected_units,
            found=item.found_units,
            details=item.details,
        ),
        "difference": amount_text(item.difference_units, item.currency) if item.currency else "–",
    }
