"""Provider invoices: how each line came about, what the vendor says, and the way from draft to paid."""

from datetime import date
from fractions import Fraction
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest

from apps.core.admin_actions import ActionForm, ReasonForm, staff_action, staff_of
from apps.core.admin_base import brand_scope
from apps.core.admin_display import NOTHING, amount_text, pill
from apps.core.clock import now
from apps.core.queue import enqueue_on_commit
from apps.integrations.models import Integration
from apps.reconciliation.base_page import ReconciliationPage, first_error
from apps.reporting.invoice_forms import DecideForm, DrawForm, ExportForm, PaidForm, VendorForm
from apps.reporting.invoice_words import compared, how
from apps.reporting.invoicing import agreement
from apps.reporting.invoicing.access import APPROVE_PERMISSION, CHECK_PERMISSION, DRAW_PERMISSION, InvoiceNotSound
from apps.reporting.invoicing.contract_versions import bounds_in, contract_in_force
from apps.reporting.invoicing.drawing import hash_of, last_midnight, reproduced
from apps.reporting.invoicing.months import first_of_month
from apps.reporting.invoicing.schedule import next_due
from apps.reporting.invoicing.vendor_figures import decide_difference, enter_vendor_figures, read_stated
from apps.reporting.models import Invoice, InvoiceLine, InvoiceRefusal, ReportKind
from apps.reporting.report_exports import REQUEST_PERMISSION, request_report

_LEVELS = {
    "draft": "plain",
    "checked": "info",
    "approved": "warning",
    "disputed": "bad",
    "settled": "good",
    "withdrawn": "plain",
}
_REFUSALS_SHOWN = 20


def _may_enter(invoice: Invoice) -> bool:
    return invoice.state in ("draft", "disputed") and not invoice.is_posted


def _has_differences(invoice: Invoice) -> bool:
    return _may_enter(invoice) and any(each.difference_units for each in invoice.vendor_lines.all())


@admin.register(Invoice)
class InvoiceAdmin(ReconciliationPage):
    """What a provider gets for a month."""

    brand_code_lookup = "integration__brand_code"
    big_table = False
    staff_actions = ("enter", "decide", "confirm", "approve", "settle", "dispute", "withdraw", "reckon_again", "export")
    change_list_template = "staff/reporting/invoices.html"
    change_form_template = "staff/reporting/invoice.html"
    list_display = ("number", "month_shown", "integration", "state_shown", "owed", "corrected", "cut_off", "drawn_at")
    list_display_links = ("number",)
    list_filter = ("state", "integration")
    fields = ()
    empty_hint = "Nothing was drawn up yet: it happens by itself some days after a month, or with the form above."
    list_form_permission = DRAW_PERMISSION

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invoice]:
        """With lines and names, in a constant number of queries."""
        rows: QuerySet[Invoice] = super().get_queryset(request)
        lines = InvoiceLine.objects.select_related("corrects")
        return rows.select_related(
            "integration", "contract", "drawn_by", "checked_by", "approved_by", "ended_by"
        ).prefetch_related(Prefetch("lines", lines), "vendor_lines__decided_by")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Newest month first."""
        return ("-month", "integration__slug", "-id")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the form that draws one up, and what could not be."""
        providers = self._providers(request)
        more = {
            "draw_form": DrawForm(providers) if request.user.has_perm(DRAW_PERMISSION) else None,
            "refusals": list(
                InvoiceRefusal.objects.filter(integration__in=providers).select_related("integration")[:_REFUSALS_SHOWN]
            ),
        }
        return super().changelist_view(request, dict[str, Any](extra_context or {}) | more)

    def list_form(self, request: HttpRequest) -> str:
        """Draw up the month that is due next, or the one that was named."""
        form = DrawForm(self._providers(request), request.POST)
        if not form.is_valid():
            raise InvoiceNotSound(first_error(form))
        integration = form.cleaned_data["integration"]
        named: date | None = form.cleaned_data["month"]
        month = first_of_month(named) if named else next_due(integration)
        if month is None:
            raise InvoiceNotSound("There is no contract with it.")
        if Invoice.objects.filter(integration=integration, month=month).exclude(state="withdrawn").exists():
            raise InvoiceNotSound(f"{month:%B %Y} has been drawn up already.")
        contract = contract_in_force(integration.pk, month)
        if contract is not None and bounds_in(contract, month)[1] > last_midnight(now()):
            raise InvoiceNotSound(f"{month:%B %Y} has not ended before the last midnight (UTC).")
        # The proof reads the month's ledger, which takes its time: the worker does it.
        enqueue_on_commit(
            "reporting.draw_invoice",
            integration_id=integration.pk,
            month=month.isoformat(),
            actor_id=staff_of(request).pk,
        )
        return f"{integration.slug} {month:%B %Y} is being drawn up: it appears here, or why it could not be."

    def _providers(self, request: HttpRequest) -> QuerySet[Integration]:
        rows = Integration.objects.filter(provider_contracts__isnull=False).distinct().order_by("slug")
        scope = brand_scope(request.user)
        return rows if scope is None else rows.filter(brand_code__in=scope.codes)

    def page_context(self, request: HttpRequest, obj: Invoice) -> dict[str, Any]:
        """Lines with how they were reckoned, what the vendor says, and what it comes to."""
        stated = {(each.key, each.currency): each for each in obj.vendor_lines.all()}
        lines = [(line, amount_text(line.amount_units, line.currency), how(line)) for line in obj.lines.all()]
        return {
            "invoice": obj,
            "state": self.state_shown(obj),
            "document": obj.document,
            "lines": lines,
            "totals": [amount_text(units, code) for code, units in agreement.agreed_totals(obj).items()],
            "compared": compared(obj, stated),
            "proven": [amount_text(units, code) for code, units in obj.document["proven"].items()],
            "rates": [(code, float(Fraction(rate))) for code, rate in obj.document["rates"].items()],
            "games": len({each["game"] for each in obj.document["figures"]}),
            "corrected_by": [line.invoice for line in obj.corrections.select_related("invoice")],
        }

    @admin.display(description="month")
    def month_shown(self, invoice: Invoice) -> str:
        """By name."""
        return f"{invoice.month:%B %Y}"

    @admin.display(description="state")
    def state_shown(self, invoice: Invoice) -> str:
        """Where it stands."""
        return pill(invoice.state, invoice.get_state_display(), _LEVELS[invoice.state])

    @admin.display(description="comes to")
    def owed(self, invoice: Invoice) -> str:
        """Each currency."""
        totals = agreement.agreed_totals(invoice)
        return " · ".join(amount_text(units, code) for code, units in totals.items()) or NOTHING

    @admin.display(description="corrects")
    def corrected(self, invoice: Invoice) -> str:
        """Earlier invoices that it puts right."""
        return ", ".join(sorted({line.corrects.number for line in invoice.lines.all() if line.corrects})) or NOTHING

    @staff_action(
        title="Enter vendor's figures",
        permission=DRAW_PERMISSION,
        form=VendorForm,
        description="Beside ours, line by line. Entering them again replaces them.",
        icon="fact_check",
        applies=_may_enter,
    )
    def enter(self, request: HttpRequest, obj: Invoice, data: dict[str, Any]) -> str:
        """Put them beside ours."""
        made = enter_vendor_figures(
            invoice_id=obj.pk, stated=read_stated(data["figures"]), actor=staff_of(request), now=now()
        )
        differ = sum(1 for each in made if each.difference_units)
        return f"Entered: {len(made)} lines, {differ} of them differ."

    @staff_action(
        title="Decide a difference", permission=CHECK_PERMISSION, form=DecideForm, icon="balance",
        applies=_has_differences,
    )  # fmt: skip
    def decide(self, request: HttpRequest, obj: Invoice, data: dict[str, Any]) -> str:
        """Accept or dispute it."""
        line = decide_difference(
            invoice_id=obj.pk, line_id=data["line"], accept=data["accept"], reason=data["reason"],
            actor=staff_of(request), now=now(),
        )  # fmt: skip
        return f"{line.key}: {line.get_verdict_display().lower()}."

    @staff_action(
        title="Check",
        permission=CHECK_PERMISSION,
        form=ActionForm,
        description="You say that the figures are right. A colleague then approves.",
        icon="task_alt",
        applies=_may_enter,
    )
    def confirm(self, request: HttpRequest, obj: Invoice, data: dict[str, Any]) -> str:
        """Say that it is right."""
        agreement.check_invoice(invoice_id=obj.pk, actor=staff_of(request), now=now())
        return "Checked. A colleague approves now."

    @staff_action(
        title="Approve",
        permission=APPROVE_PERMISSION,
        form=ActionForm,
        description="The amount is posted to what is owed to the provider. Not for whoever checked it.",
        icon="approval",
        applies=lambda invoice: invoice.state == "checked",
    )
    def approve(self, request: HttpRequest, obj: Invoice, data: dict[str, Any]) -> str:
        """Owe it."""
        agreement.approve_invoice(invoice_id=obj.pk, actor=staff_of(request), now=now())
        return "Approved: it is owed."

    @staff_action(
        title="Record payment",
        permission=APPROVE_PERMISSION,
        form=PaidForm,
        icon="payments",
        applies=lambda invoice: invoice.is_posted and invoice.state in ("approved", "disputed"),
    )
    def settle(self, request: HttpRequest, obj: Invoice, data: dict[str, Any]) -> str:
        """Say that it was paid."""
        agreement.settle_invoice(invoice_id=obj.pk, reference=data["reference"], actor=staff_of(request), now=now())
        return "Settled."

    @staff_action(
        title="Dispute",
        permission=CHECK_PERMISSION,
        form=ReasonForm,
        danger=True,
        icon="gavel",
        applies=lambda invoice: invoice.state in ("draft", "checked", "approved"),
    )
    def dispute(self, request: HttpRequest, obj: Invoice, data: dict[str, Any]) -> str:
        """Say that there is no agreement."""
        agreement.dispute_invoice(invoice_id=obj.pk, reason=data["reason"], actor=staff_of(request), now=now())
        return "It is disputed."

    @staff_action(
        title="Withdraw",
        permission=CHECK_PERMISSION,
        form=ReasonForm,
        description="So that the month can be drawn up anew, e.g. after a rate was put right.",
        danger=True,
        icon="delete_sweep",
        applies=lambda invoice: invoice.state in ("draft", "checked", "disputed") and not invoice.is_posted,
    )
    def withdraw(self, request: HttpRequest, obj: Invoice, data: dict[str, Any]) -> str:
        """Make room for another."""
        agreement.withdraw_invoice(invoice_id=obj.pk, reason=data["reason"], actor=staff_of(request), now=now())
        return "Withdrawn; the month can be drawn up anew."

    @staff_action(
        title="Reckon again",
        permission="reporting.view_invoice",
        form=ActionForm,
        description="From the projections, as of its cut-off: the same hash proves that nothing was changed since.",
        icon="calculate",
    )
    def reckon_again(self, request: HttpRequest, obj: Invoice, data: dict[str, Any]) -> str:
        """Compare the hashes."""
        found = hash_of(reproduced(obj))
        if found != obj.sha256:
            raise InvoiceNotSound(f"It comes out otherwise now: {found[:12]}… instead of {obj.sha256[:12]}….")
        return f"The same: {found[:12]}…."

    @staff_action(title="Export", permission=REQUEST_PERMISSION, form=ExportForm, icon="download")
    def export(self, request: HttpRequest, obj: Invoice, data: dict[str, Any]) -> str:
        """With its lines."""
        request_report(
            kind=ReportKind.INVOICE, file_format=data["format"], terms={"invoice": obj.pk, "number": obj.number},
            actor=staff_of(request), now=now(),
        )  # fmt: skip
        return "Being written: see Reports."
