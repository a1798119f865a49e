"""Exports for finance, compliance and disputes: made on demand and by schedule."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.admin_actions import ActionForm, staff_action, staff_of
from apps.core.clock import now
from apps.reconciliation.base_page import ReconciliationPage, first_error
from apps.reconciliation.export_page import ExportPage, within_brands
from apps.reconciliation.models import Export, ExportSchedule
from apps.reconciliation.models.exports import ExportKind
from apps.reconciliation.operations import exports


class ExportForm(forms.Form):
    """What to write, how, and as of when; with a cadence, again and again."""

    kind = forms.ChoiceField(label="What", choices=ExportKind.choices)
    file_format = forms.ChoiceField(label="As", choices=Export.Format.choices)
    as_of = forms.DateField(label="As of", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    cadence = forms.ChoiceField(label="Repeat", required=False, choices=[("", "Once"), *ExportSchedule.Cadence.choices])


@admin.register(Export)
class ExportAdmin(ExportPage):
    """Files for finance, compliance and disputes, with their hashes."""

    change_list_template = "staff/reconciliation/exports.html"
    list_display = ("requested_at", "kind", "format", "as_of", "state_shown", "rows", "hash_shown", "download")
    empty_hint = "Nothing has been exported yet. The form above makes one."
    list_form_permission = exports.REQUEST_PERMISSION

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the form that makes one."""
        form = ExportForm() if request.user.has_perm(exports.REQUEST_PERMISSION) else None
        return super().changelist_view(request, dict[str, Any](extra_context or {}) | {"export_form": form})

    def list_form(self, request: HttpRequest) -> str:
        """Make one, or have it made again and again."""
        form = ExportForm(request.POST)
        if not form.is_valid():
            raise exports.ExportNotSound(first_error(form))
        data, actor = form.cleaned_data, staff_of(request)
        terms = {"kind": data["kind"], "file_format": data["file_format"], "actor": actor, "now": now()}
        if data["cadence"]:
            return f"Scheduled: {exports.schedule_export(cadence=data['cadence'], **terms)}."
        made = exports.request_export(as_of=data["as_of"] or now().date(), **terms)
        return f"Being written: {made}."


@admin.register(ExportSchedule)
class ExportScheduleAdmin(ReconciliationPage):
    """Exports made again and again."""

    staff_actions = ("stop", "go_on")
    list_display = ("kind", "format", "cadence", "is_enabled", "made_by", "made_at")
    list_select_related = ("made_by",)
    fields = (("kind", "format"), ("cadence", "is_enabled"), ("made_by", "made_at"))
    empty_hint = "Nothing is scheduled. On the page of exports, choose how often."

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExportSchedule]:
        """Only what holds no brand that the person does not serve."""
        return within_brands(super().get_queryset(request), request)

    @staff_action(
        title="Stop",
        permission=exports.REQUEST_PERMISSION,
        form=ActionForm,
        icon="pause",
        applies=lambda each: each.is_enabled,
    )
    def stop(self, request: HttpRequest, obj: ExportSchedule, data: dict[str, Any]) -> str:
        """No more of it."""
        exports.switch_schedule(schedule_id=obj.pk, is_enabled=False, actor=staff_of(request))
        return "Stopped."

    @staff_action(
        title="Go on",
        permission=exports.REQUEST_PERMISSION,
        form=ActionForm,
        icon="play_arrow",
        applies=lambda each: not each.is_enabled,
    )
    def go_on(self, request: HttpRequest, obj: ExportSchedule, data: dict[str, Any]) -> str:
        """Again."""
        exports.switch_schedule(schedule_id=obj.pk, is_enabled=True, actor=staff_of(request))
        return "It goes on."
