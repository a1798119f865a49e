"""Steps of bonuses that failed: what, whose, why, and when they are tried again."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator

from apps.bonuses.models import FailedStep
from apps.bonuses.operations.failed_steps import SETTLE_PERMISSION, set_aside, try_again
from apps.core.admin_actions import ActionForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, change_link, pill
from apps.core.clock import now

_SHORT = 60


@admin.register(FailedStep)
class FailedStepAdmin(StaffAdmin):
    """One thing that was due for a bonus and failed."""

    ordering = ("-id",)
    sortable_by = ()
    brand_lookup = "brand_id"
    staff_actions = ("try_again", "set_aside")
    list_display = ("last_at", "step", "bonus", "state_shown", "tries", "next_try_at", "error_shown")
    list_display_links = ("last_at", "step")
    list_filter = ("step", ("settled_at", admin.EmptyFieldListFilter), "brand")
    fields = (
        "step", "bonus", "deposit_shown", "state_shown", "tries", "first_at", "last_at", "next_try_at", "error",
        "settled_at", "settled_how",
    )  # fmt: skip
    readonly_fields = fields
    empty_hint = "Nothing: all that was due for bonuses could be done."

    def get_queryset(self, request: HttpRequest) -> QuerySet[FailedStep]:
        """With the bonus, in one query."""
        rows: QuerySet[FailedStep] = super().get_queryset(request)
        return rows.select_related("grant__offer", "late_credit__grant__offer", "deposit")

    @admin.display(description="bonus")
    def bonus(self, failed: FailedStep) -> str:
        """Whose end it is."""
        grant = failed.late_credit.grant if failed.late_credit else failed.grant
        return change_link("bonuses.grant", grant.pk, f"{grant.offer.name} #{grant.pk}") if grant else NOTHING

    @admin.display(description="error")
    def error_shown(self, failed: FailedStep) -> str:
        """Its beginning; all of it on the page."""
        return Truncator(failed.error).chars(_SHORT)

    @admin.display(description="deposit")
    def deposit_shown(self, failed: FailedStep) -> str:
        """Its public id."""
        return str(failed.deposit.deposit_id) if failed.deposit else NOTHING

    @admin.display(description="state")
    def state_shown(self, failed: FailedStep) -> str:
        """Whether it is tried again by itself."""
        if failed.settled_at is not None:
            return pill("settled", "settled", "good")
        if failed.next_try_at is None:
            return pill("waits", "waits for a person", "bad")
        return pill("retried", "is tried again", "warning")

    @staff_action(
        title="Try again",
        permission=SETTLE_PERMISSION,
        form=ActionForm,
        description="The worker tries within seconds. If it fails once more, the reason is here.",
        icon="replay",
        applies=lambda failed: failed.settled_at is None,
    )
    def try_again(self, request: HttpRequest, obj: FailedStep, data: dict[str, Any]) -> str:
        """Once more."""
        try_again(failed_id=obj.pk, actor=staff_of(request), now=now())
        return "It is tried again within seconds."

    @staff_action(
        title="Set aside",
        permission=SETTLE_PERMISSION,
        description="Nothing is offered for this deposit. A bonus can still be given by hand.",
        danger=True,
        icon="archive",
        applies=lambda failed: failed.settled_at is None and failed.step == FailedStep.Step.OFFER,
    )
    def set_aside(self, request: HttpRequest, obj: FailedStep, data: dict[str, Any]) -> str:
        """No offer for it."""
        set_aside(failed_id=obj.pk, actor=staff_of(request), reason=data["reason"], now=now())
        return "Set aside: nothing is offered for this deposit."
