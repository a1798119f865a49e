"""The queue of quality reviews: closed cases that were drawn, each to be looked at by somebody else."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from apps.compliance.cases.reviews import REVIEW, give_verdict
from apps.compliance.models import Case, CaseReview
from apps.compliance.queues import visible_cases
from apps.core.admin_actions import ActionForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import pill
from apps.core.clock import now

_LEVEL = {"waiting": "warning", "sound": "good", "poorly_told": "info", "wrong": "bad"}


class VerdictForm(ActionForm):
    """Asks what was found."""

    verdict = forms.ChoiceField(
        # A default would be chosen by whoever does not look.
        choices=[("", "choose …"), *CaseReview.Verdict.choices[1:]],
        widget=UnfoldAdminSelectWidget(),
    )
    note = forms.CharField(
        min_length=5, max_length=1000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="What was looked at, and what should be done better. Kept in the case.",
    )  # fmt: skip


@admin.register(CaseReview)
class CaseReviewAdmin(StaffAdmin):
    """Drawn by chance when a case is closed; a verdict stands."""

    staff_actions = ("judge",)
    list_display = ("drawn_at", "case_shown", "resolution_shown", "closed_by", "verdict_shown", "reviewer")
    list_display_links = ("drawn_at",)
    list_filter = ("verdict",)
    list_select_related = ("case", "closed_by", "reviewer")
    sortable_by = ()
    # What waits comes first, then the newest verdicts.
    ordering = (F("reviewed_at").desc(nulls_first=True), "id")
    fields = ("case_shown", "resolution_shown", ("closed_by", "drawn_at"), "verdict_shown", "note",
              ("reviewer", "reviewed_at"))  # fmt: skip
    readonly_fields = ("case_shown", "resolution_shown", "verdict_shown")
    empty_hint = "No closed case has been drawn yet. Of every hundred that are closed, a few are."

    def get_queryset(self, request: HttpRequest) -> QuerySet[CaseReview]:
        """Of cases that the person may see."""
        return super().get_queryset(request).filter(case__in=visible_cases(request.user).only("pk"))

    @admin.display(description="case")
    def case_shown(self, row: CaseReview) -> str:
        """Where to look."""
        address = reverse("admin:compliance_case_change", args=[row.case_id])
        return format_html('<a class="staff-link" href="{}">{}</a>', address, row.case.reference)

    @admin.display(description="closed as")
    def resolution_shown(self, row: CaseReview) -> str:
        """As it was closed when it was drawn."""
        return str(Case.Resolution(row.resolution).label)

    @admin.display(description="verdict")
    def verdict_shown(self, row: CaseReview) -> str:
        """What was found."""
        return pill(row.verdict, CaseReview.Verdict(row.verdict).label, _LEVEL[row.verdict])

    @staff_action(
        title="Give a verdict",
        permission=REVIEW,
        form=VerdictForm,
        description="Read the case first. Whoever had a part in it cannot review it.",
        icon="rate_review",
        applies=lambda review: review.verdict == CaseReview.Verdict.WAITING,
    )
    def judge(self, request: HttpRequest, obj: CaseReview, data: dict[str, Any]) -> str:
        """Say what was found."""
        give_verdict(
            review_id=obj.pk, verdict=data["verdict"], note=data["note"], actor=staff_of(request), now=now()
        )  # fmt: skip
        return f"{obj.case.reference}: {CaseReview.Verdict(data['verdict']).label.lower()}."
