"""Pages of runs, imports, mappings and exports. The workbench of breaks stands beside this."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from apps.core.admin_actions import ReasonForm, staff_action, staff_of
from apps.core.admin_base import brand_scope
from apps.core.admin_display import amount_text, pill
from apps.core.clock import now
from apps.integrations.models import Integration
from apps.reconciliation.base_page import ReconciliationPage, first_error, level
from apps.reconciliation.breaks_page import BreakAdmin, EmptyForm
from apps.reconciliation.charts import bars
from apps.reconciliation.explaining import explanation
from apps.reconciliation.files import chunks_of
from apps.reconciliation.models import BreakClass, ColumnMapping, Export, ExportSchedule, Import, Run, Scope
from apps.reconciliation.models.exports import ExportFormat, ExportKind
from apps.reconciliation.models.files import ImportFormat
from apps.reconciliation.models.runs import EXPECTED
from apps.reconciliation.operations import exports, imports, runs
from apps.reconciliation.progress import progress_of

# Importing it registers it.
__all__ = ["BreakAdmin", "ExportAdmin", "ExportScheduleAdmin", "ImportAdmin", "RunAdmin"]

_ITEMS_SHOWN = 200
_ISSUES_SHOWN = 500


def _integrations(request: HttpRequest, *kinds: str) -> QuerySet[Integration]:
    """Those of the person's brands."""
    rows = Integration.objects.filter(kind__in=kinds).order_by("slug")
    scope = brand_scope(request.user)
    return rows if scope is None else rows.filter(brand_code__in=scope.codes)


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
        return _integrations(request, Integration.Kind.PAYMENTS, Integration.Kind.GAMES)

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


# --- imports ------------------------------------------------------------------------------------


class UploadForm(forms.Form):
    """One file and what it is."""

    file = forms.FileField(label="File")
    file_format = forms.ChoiceField(label="Format", choices=ImportFormat.choices)
    integration = forms.ModelChoiceField(label="Of", queryset=Integration.objects.none())
    mapping = forms.ModelChoiceField(label="Column mapping", queryset=ColumnMapping.objects.none(), required=False)
    business_date = forms.DateField(
        label="Counts from",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: the day of its last line",
    )

    def __init__(self, integrations: QuerySet[Integration], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["integration"].queryset = integrations  # type: ignore[attr-defined]
        self.fields["mapping"].queryset = ColumnMapping.objects.filter(integration__in=integrations)  # type: ignore[attr-defined]


@admin.register(Import)
class ImportAdmin(ReconciliationPage):
    """Files of providers and banks: what came, what was read, what could not be."""

    brand_code_lookup = "integration__brand_code"
    staff_actions = ("read_again", "discard")
    change_list_template = "staff/reconciliation/imports.html"
    change_form_template = "staff/reconciliation/import.html"
    list_display = ("received_at", "file", "format", "integration", "state_shown", "rows", "business_date", "error")
    list_display_links = ("received_at",)
    list_filter = ("state", "format", "integration")
    list_select_related = ("file", "integration")
    fields = ()
    empty_hint = "No file has come in yet. Drop one into the field above, or configure a feed of the provider."
    list_form_permission = imports.UPLOAD_PERMISSION

    def get_queryset(self, request: HttpRequest) -> QuerySet[Import]:
        """With the names, in one query."""
        rows: QuerySet[Import] = super().get_queryset(request)
        return rows.select_related("file", "integration", "mapping", "uploaded_by", "discarded_by")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the form to upload."""
        form = UploadForm(self._choices(request)) if request.user.has_perm(imports.UPLOAD_PERMISSION) else None
        return super().changelist_view(request, dict[str, Any](extra_context or {}) | {"upload_form": form})

    def list_form(self, request: HttpRequest) -> str:
        """Take a file in."""
        form = UploadForm(self._choices(request), request.POST, request.FILES)
        if not form.is_valid():
            raise imports.ImportNotSound(first_error(form))
        data = form.cleaned_data
        imports.receive_file(
            name=data["file"].name,
            content=data["file"],
            media_type=data["file"].content_type or "",
            file_format=data["file_format"],
            integration=data["integration"],
            mapping=data["mapping"],
            business_date=data["business_date"],
            actor=staff_of(request),
            now=now(),
        )
        return f"“{data['file'].name}” is being read."

    def _choices(self, request: HttpRequest) -> QuerySet[Integration]:
        return _integrations(request, Integration.Kind.PAYMENTS, Integration.Kind.GAMES)

    def page_context(self, request: HttpRequest, obj: Import) -> dict[str, Any]:
        """What came of it; errors by line."""
        return {
            "imported": obj,
            "state": self.state_shown(obj),
            "issues": list(obj.issues.all()[:_ISSUES_SHOWN]),
            "progress": progress_of(f"import-{obj.pk}") if obj.state in ("received", "reading") else None,
            "batches": [
                {
                    "batch": each,
                    "bank": amount_text(each.bank, each.currency),
                    "fees": amount_text(each.fees, each.currency),
                    "off": amount_text(each.net - each.net_expected, each.currency)
                    if each.net != each.net_expected
                    else "",
                }
                for each in obj.batches.all()[:50]
            ],
        }

    @admin.display(description="state")
    def state_shown(self, imported: Import) -> str:
        """Where it stands."""
        return pill(imported.state, Import.State(imported.state).label, level(imported.state))

    @staff_action(
        title="Read again",
        permission=imports.UPLOAD_PERMISSION,
        form=EmptyForm,
        description="After its column mapping was put right.",
        icon="refresh",
        applies=lambda imported: imported.state == "failed",
    )
    def read_again(self, request: HttpRequest, obj: Import, data: dict[str, Any]) -> str:
        """Queue it once more."""
        imports.read_again(import_id=obj.pk, actor=staff_of(request))
        return "It is being read again."

    @staff_action(
        title="Discard",
        permission=imports.DISCARD_PERMISSION,
        form=ReasonForm,
        description="Its rows stop counting, and its days are compared again. For a file that a new one replaces.",
        danger=True,
        icon="delete_sweep",
        applies=lambda imported: imported.state == "loaded",
    )
    def discard(self, request: HttpRequest, obj: Import, data: dict[str, Any]) -> str:
        """Let it count no more."""
        imports.discard_import(import_id=obj.pk, reason=data["reason"], actor=staff_of(request), now=now())
        return "Discarded; the days it concerned are compared again."


@admin.register(ColumnMapping)
class ColumnMappingAdmin(ReconciliationPage):
    """Which column of a provider's own CSV means what."""

    brand_code_lookup = "integration__brand_code"
    list_display = ("integration", "name", "delimiter", "time_zone")
    list_select_related = ("integration",)
    fields = ("integration", "name", ("delimiter", "time_zone"), "columns", "types")
    empty_hint = "None: needed only for providers whose files are neither Adyen's nor Trustly's."

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever uploads files."""
        return request.user.has_perm(imports.UPLOAD_PERMISSION)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Likewise."""
        return request.user.has_perm(imports.UPLOAD_PERMISSION)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Payment providers of the person's brands."""
        kwargs["queryset"] = _integrations(request, Integration.Kind.PAYMENTS)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


# --- exports ------------------------------------------------------------------------------------


class ExportForm(forms.Form):
    """What to write, how, and as of when; with a cadence, again and again."""

    kind = forms.ChoiceField(label="What", choices=ExportKind.choices)
    file_format = forms.ChoiceField(label="As", choices=ExportFormat.choices)
    as_of = forms.DateField(label="As of", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    cadence = forms.ChoiceField(label="Repeat", required=False, choices=[("", "Once"), *ExportSchedule.Cadence.choices])


@admin.register(Export)
class ExportAdmin(ReconciliationPage):
    """Files for finance, compliance and disputes, with their hashes."""

    change_list_template = "staff/reconciliation/exports.html"
    list_display = ("requested_at", "kind", "format", "as_of", "state_shown", "rows", "hash_shown", "download")
    list_display_links = None
    list_filter = ("kind", "state")
    list_select_related = ("file",)
    empty_hint = "Nothing has been exported yet. The form above makes one."
    list_form_permission = exports.REQUEST_PERMISSION

    def get_queryset(self, request: HttpRequest) -> QuerySet[Export]:
        """Only what holds no brand that the person does not serve."""
        rows: QuerySet[Export] = super().get_queryset(request).select_related("file")
        scope = brand_scope(request.user)
        return rows if scope is None else rows.filter(brand_ids__contained_by=sorted(scope.ids))

    def get_urls(self) -> list[URLPattern]:
        """Add the download."""
        site: Any = self.admin_site
        view = site.admin_view(self.download_view)
        return [path("<int:export_id>/download/", view, name="reconciliation_export_download"), *super().get_urls()]

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

    def download_view(self, request: HttpRequest, export_id: int) -> HttpResponse | StreamingHttpResponse:
        """Hand the file out, and note who took it."""
        if not request.user.has_perm(exports.REQUEST_PERMISSION):
            raise PermissionDenied
        export = self.get_queryset(request).filter(pk=export_id, state=Export.State.READY).first()
        if export is None or export.file is None:
            raise Http404
        self.log_change(request, export, f"Downloaded {export.file.sha256}")
        answer = StreamingHttpResponse(chunks_of(export.file), content_type=export.file.media_type)
        answer["Content-Disposition"] = f'attachment; filename="{export.kind}-{export.as_of}.{export.format}"'
        answer["Content-Length"] = str(export.file.size)
        answer["X-Content-SHA256"] = export.file.sha256
        return answer

    @admin.display(description="state")
    def state_shown(self, export: Export) -> str:
        """Where it stands, and how far it has come."""
        text = Export.State(export.state).label
        if export.state == "running" and (told := progress_of(f"export-{export.pk}")):
            text = f"{text}: {told['rows']:,} rows"
        return pill(export.state, text if not export.error else f"{text}: {export.error[:80]}", level(export.state))

    @admin.display(description="SHA-256")
    def hash_shown(self, export: Export) -> str:
        """The first digits; all of them on hovering."""
        if export.file is None:
            return "–"
        return format_html('<span class="mono" title="{}">{}</span>', export.file.sha256, export.file.sha256[:12])

    @admin.display(description="file")
    def download(self, export: Export) -> str:
        """The way to it."""
        if export.state != "ready":
            return "–"
        return format_html(
            '<a class="staff-link" href="{}">Download</a>',
            reverse("admin:reconciliation_export_download", args=[export.pk]),
        )


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
        rows: QuerySet[ExportSchedule] = super().get_queryset(request)
        scope = brand_scope(request.user)
        return rows if scope is None else rows.filter(brand_ids__contained_by=sorted(scope.ids))

    @staff_action(
        title="Stop",
        permission=exports.REQUEST_PERMISSION,
        form=EmptyForm,
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
        form=EmptyForm,
        icon="play_arrow",
        applies=lambda each: not each.is_enabled,
    )
    def go_on(self, request: HttpRequest, obj: ExportSchedule, data: dict[str, Any]) -> str:
        """Again."""
        exports.switch_schedule(schedule_id=obj.pk, is_enabled=True, actor=staff_of(request))
        return "It goes on."
