"""The inbox of approvals: what a colleague asks for, what would happen, and the two buttons."""

import json
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.timesince import timesince
from unfold.widgets import UnfoldAdminTextareaWidget

from apps.compliance.approval_access import may_check, may_decide, visible_to
from apps.compliance.approval_commands import commands
from apps.compliance.approvals import cancel_request, decide_approval
from apps.compliance.models import ApprovalRequest
from apps.core.admin_actions import ActionForm, StaffAction, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, change_link, pill
from apps.core.clock import now

VIEW_PERMISSION = "compliance.view_approvalrequest"
_State = ApprovalRequest.State
_LEVELS = {"waiting": "warning", "executed": "good", "rejected": "bad", "refused": "bad"}


class DecideForm(ActionForm):
    """A word on the decision, and the hash of what the person was shown."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput())
    reason = forms.CharField(
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept with the request, readable by auditors.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, ApprovalRequest):
            self.initial["seen"] = self.target.payload_hash


class RejectForm(ActionForm):
    """Asks why not."""

    reason = forms.CharField(min_length=5, max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


def _waits(request: ApprovalRequest) -> bool:
    return bool(request.state == _State.WAITING)


class InboxFilter(admin.SimpleListFilter):
    """What one can decide on is what one gets unasked."""

    title = "inbox"
    parameter_name = "inbox"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Three inboxes."""
        return [("mine", "Waiting for me"), ("asked", "Asked by me"), ("waiting", "All waiting"), ("all", "Everything")]

    def choices(self, changelist: Any) -> Any:
        """Without Django's "All"."""
        for value, title in self.lookup_choices:
            yield {
                "selected": (self.value() or "mine") == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of one inbox; a word that is none shows everything."""
        user = staff_of(request)
        chosen = self.value() or "mine"
        mine = [each.name for each in commands() if may_check(user, each)]
        terms = {
            "mine": Q(state=_State.WAITING, command__in=mine) & ~Q(maker=user),
            "asked": Q(maker=user),
            "waiting": Q(state=_State.WAITING),
        }
        return queryset.filter(terms[chosen]) if chosen in terms else queryset


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(StaffAdmin):
    """Something that one person asks for and another decides on."""

    staff_actions = ("approve", "reject", "take_back")
    change_form_template = "staff/compliance/approval.html"
    list_display = ("created_at", "what", "would_happen", "asked_by", "waits", "state_shown", "checker")
    list_display_links = ("created_at", "what")
    list_filter = (InboxFilter, "state")
    list_select_related = ("maker", "checker", "subject_player")
    search_fields = ("=public_id", "=maker__username", "summary")
    ordering = ("-pk",)
    sortable_by = ()
    fields = ()
    empty_hint = "Nothing waits for you. Choose “Everything” in the filters for what has been decided."

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApprovalRequest]:
        """Leave out what the person neither asked for, nor may decide on, nor may audit."""
        return visible_to(staff_of(request), super().get_queryset(request))

    @admin.display(description="what")
    def what(self, row: ApprovalRequest) -> str:
        """The command."""
        return title_of(row)

    @admin.display(description="what would happen")
    def would_happen(self, row: ApprovalRequest) -> str:
        """In words."""
        return row.summary

    @admin.display(description="asked by")
    def asked_by(self, row: ApprovalRequest) -> str:
        """Who."""
        return row.maker.get_username()

    @admin.display(description="waits")
    def waits(self, row: ApprovalRequest) -> str:
        """For how long, and how long still."""
        if not _waits(row):
            return NOTHING
        at = now()
        left = timesince(at, row.expires_at, depth=1) if row.expires_at > at else "no time"
        return f"{timesince(row.created_at, at, depth=1)}, {left} left"

    @admin.display(description="state")
    def state_shown(self, row: ApprovalRequest) -> str:
        """Decided or not."""
        return pill(row.state, cast("Any", row).get_state_display(), _LEVELS.get(row.state, "plain"))

    def offered_actions(self, request: HttpRequest, obj: Any) -> list[dict[str, Any]]:
        """Only the buttons that would work for this person."""
        return [each for each in super().offered_actions(request, obj) if _offers(each["action"], obj, request)]

    def page_context(self, request: HttpRequest, obj: ApprovalRequest) -> dict[str, Any]:
        """Say what would happen and who is involved."""
        user = staff_of(request)
        return {
            "asked": obj,
            "command_title": title_of(obj),
            "payload": json.dumps(obj.payload, indent=2, ensure_ascii=False),
            "state": self.state_shown(obj),
            "waits": self.waits(obj),
            "player": (
                change_link("players.player", obj.subject_player_id, str(obj.subject_player))
                if user.has_perm("players.view_player")
                else NOTHING
            ),
            "events": list(obj.events.select_related("actor")),
            "is_own": obj.maker_id == user.pk,
            "may_decide": may_decide(user, obj),
            "result": json.dumps(obj.result, indent=2, ensure_ascii=False) if obj.result is not None else "",
        }

    # Each command has its own permissions; the operation asks for them. This one lets a person into the inbox.

    @staff_action(
        title="Approve",
        permission=VIEW_PERMISSION,
        form=DecideForm,
        description="It is carried out at once, as it was asked for.",
        danger=True,
        icon="task_alt",
        applies=_waits,
    )
    def approve(self, request: HttpRequest, obj: ApprovalRequest, data: dict[str, Any]) -> str:
        """Agree, and have it done."""
        decide_approval(
            request_id=obj.pk,
            checker=staff_of(request),
            approve=True,
            reason=data["reason"],
            now=now(),
            seen_hash=data["seen"],
        )
        return f"Done: {obj.summary}"

    @staff_action(title="Reject", permission=VIEW_PERMISSION, form=RejectForm, icon="cancel", applies=_waits)
    def reject(self, request: HttpRequest, obj: ApprovalRequest, data: dict[str, Any]) -> str:
        """Disagree."""
        decide_approval(request_id=obj.pk, checker=staff_of(request), approve=False, reason=data["reason"], now=now())
        return "Rejected; nothing has happened."

    @staff_action(title="Take back", permission=VIEW_PERMISSION, icon="undo", applies=_waits)
    def take_back(self, request: HttpRequest, obj: ApprovalRequest, data: dict[str, Any]) -> str:
        """Change one's mind."""
        cancel_request(request_id=obj.pk, maker=staff_of(request), reason=data["reason"], now=now())
        return "Taken back; nothing has happened."


def title_of(row: ApprovalRequest) -> str:
    """Say what the command is called."""
    known = {each.name: each.title for each in commands()}
    return known.get(row.command, row.command)


def _offers(action: StaffAction, obj: ApprovalRequest, request: HttpRequest) -> bool:
    user = staff_of(request)
    if action.name == "take-back":
        return obj.maker_id == user.pk
    return may_decide(user, obj)
