"""The list of cases, the page on which people work one, and the buttons by which they do."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from apps.compliance.case_files_page import CaseFiles
from apps.compliance.case_forms import (
    AssignForm,
    AwaitForm,
    CloseForm,
    DecideForm,
    NoteForm,
    OtherCaseForm,
    PinForm,
    PlainForm,
    SnoozeForm,
    SnoozeRuleForm,
    TickForm,
    UploadForm,
    WhyForm,
)
from apps.compliance.case_list_page import CaseColumns, DeskFilter, QueueFilter
from apps.compliance.case_view import page_of, panels_of, with_page_facts
from apps.compliance.cases import claims, closing, linking, waiting
from apps.compliance.decisions import annotate_player, decide, snooze_rule
from apps.compliance.evidence import pin_exchange, pin_transaction
from apps.compliance.models import Case, CaseDecision, SavedView
from apps.compliance.queues import ASSIGN, DECIDE, EXPORT, RESOLVE, SNOOZE_RULE, may_work, visible_cases
from apps.core.admin_actions import staff_action, staff_of
from apps.core.clock import now
from apps.core.ids import row_id

_VIEW = "compliance.view_case"
_LISTED_VIEWS = 30


def is_open(case: Case) -> bool:
    """Whether it can be worked on."""
    return not case.is_closed


def is_running(case: Case) -> bool:
    """Whether it is held and open."""
    return case.holder_id is not None and case.state == Case.State.OPEN


def is_held(case: Case) -> bool:
    """Whether somebody works on it."""
    return case.holder_id is not None


@admin.register(Case)
class CaseAdmin(CaseColumns, CaseFiles):  # type: ignore[misc] # Unfold's bases disagree among themselves
    """Cases: claimed, judged, decided. Nothing is typed into a state; every button calls one operation."""

    big_table = True
    staff_actions = (
        "claim", "decide", "close", "wait", "take_up", "write", "escalate", "put_aside", "release", "reassign", "link",
        "merge", "annotate", "tick", "pin", "snooze_rule", "reopen",
    )  # fmt: skip
    change_form_template = "staff/compliance/case.html"
    change_list_template = "staff/compliance/case_list.html"
    list_display = (
        "reference_shown", "title_shown", "player_shown", "severity_shown", "hit_count", "state_shown", "stage_shown",
        "due_shown", "holder_shown",
    )  # fmt: skip
    list_display_links = ("reference_shown",)
    list_filter = (DeskFilter, QueueFilter, "severity", "stage")
    search_fields = ("=player__username",)
    search_help_text = "Reference (AML-123) or the player's username, in full"
    sortable_by = ()
    fields = ()
    empty_hint = "No case is like that. “Desk” has the next case for you; “Everything” in the filters has the rest."

    # What one may see

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        """The person's queues and brands only."""
        rows = visible_cases(request.user).select_related("player", "holder", "blueprint")
        return rows.order_by(*self.get_ordering(request))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Case | None:
        """With all that its page shows."""
        return with_page_facts(visible_cases(request.user), request.user).filter(pk=row_id(object_id) or 0).first()

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """Whoever handed a case up may not see it any more: back to the desk, whatever there was."""
        return HttpResponseRedirect(reverse("compliance:desk"))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """As the queue gives them out; what is resolved, last first."""
        if request.GET.get("desk") in ("resolved", "all"):
            return ("-id",)
        return ("-urgency", "-severity_rank", "-hit_count", "id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By reference or whole username."""
        term = search_term.strip()
        if "-" in term and (number := row_id(term.rpartition("-")[2])) is not None:
            return queryset.filter(pk=number), False
        return super().get_search_results(request, queryset, term)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """With the views that the person keeps."""
        views = SavedView.objects.filter(user=request.user.pk)[:_LISTED_VIEWS]
        context = {"saved_views": views, "query_now": request.GET.urlencode(), **(extra_context or {})}
        return super().changelist_view(request, context)

    def page_context(self, request: HttpRequest, obj: Case) -> dict[str, Any]:
        """All that is needed to judge it."""
        at = now()
        context = page_of(obj, user=request.user, asked=request.GET, now=at)
        context["panels"] = panels_of(request, obj, now=at)
        context["may_work"] = may_work(request.user, obj)
        context["may_export"] = request.user.has_perm(EXPORT)
        context["is_worked"] = context["is_mine"] and not obj.is_closed
        context["upload_form"] = UploadForm()
        return context

    def offered_actions(self, request: HttpRequest, obj: Any) -> list[dict[str, Any]]:
        """Only what would not be refused; two of them have their own place on the page."""
        if not may_work(request.user, obj):
            return []
        mine = obj.holder_id == request.user.pk
        anybody = {"claim", "write", "reopen", "snooze-rule"} | (
            {"reassign"} if request.user.has_perm(ASSIGN) else set()
        )
        hidden = {"tick", "pin"}
        return [
            each
            for each in super().offered_actions(request, obj)
            if each["action"].name not in hidden and (mine or each["action"].name in anybody)
        ]

    # What one may do

    @staff_action(
        title="Claim (c)", permission=_VIEW, form=PlainForm, icon="front_hand",
        description="You hold it from now on; nobody else is offered it.",
        applies=lambda case: is_open(case) and not is_held(case),
    )  # fmt: skip
    def claim(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Take it."""
        claims.claim_case(case_id=obj.pk, actor=staff_of(request), now=now())
        return f"{obj.reference} is yours."

    @staff_action(
        title="Decide (d)", permission=DECIDE, form=DecideForm, icon="gavel",
        description="Carried out by the platform at once, or when a second person has agreed.", applies=is_running,
    )  # fmt: skip
    def decide(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Let it have an effect."""
        reverses = data.get("reverses")
        done = decide(
            case_id=obj.pk, effect=data["effect"], params=data["params"], reason_code=data["reason_code"],
            note=data["note"], actor=staff_of(request), now=now(), reverses_id=reverses.pk if reverses else None,
        )  # fmt: skip
        if isinstance(done, CaseDecision):
            return "Decided and carried out."
        return "Asked for. A second person decides under Approvals; nothing has happened yet."

    @staff_action(
        title="Close (x)", permission=RESOLVE, form=CloseForm, icon="task_alt",
        description="It is read-only afterwards. Its alerts close with it.", applies=is_running,
    )  # fmt: skip
    def close(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Say what was found."""
        done = closing.resolve_case(
            case_id=obj.pk, resolution=data["resolution"], reason_codes=data["reason_codes"],
            narrative=data["narrative"], actor=staff_of(request), now=now(),
        )  # fmt: skip
        if isinstance(done, Case):
            return f"{obj.reference} is resolved."
        return "Asked for. A second person decides under Approvals; the case stays open until then."

    @staff_action(title="Wait for the player", permission=_VIEW, form=AwaitForm, icon="hourglass", applies=is_running)
    def wait(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """The next word is the player's."""
        waiting.await_player(case_id=obj.pk, what=data["what"], actor=staff_of(request), now=now())
        return "It waits for the player; the clock stands."

    @staff_action(
        title="Take up again", permission=_VIEW, form=WhyForm, icon="play_arrow",
        applies=lambda case: case.state == Case.State.AWAITING_PLAYER,
    )  # fmt: skip
    def take_up(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """The player answered."""
        waiting.take_up(case_id=obj.pk, reason=data["note"], actor=staff_of(request), now=now())
        return "Open again; the clock runs on."

    @staff_action(title="Note (n)", permission=_VIEW, form=NoteForm, icon="edit_note", applies=is_open)
    def write(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Write something down."""
        waiting.add_note(case_id=obj.pk, text=data["note"], actor=staff_of(request), now=now())
        return "Noted."

    @staff_action(
        title="Escalate (e)", permission=_VIEW, form=WhyForm, icon="moving",
        description="It leaves your desk; where it goes you may not see it.", applies=is_running,
    )  # fmt: skip
    def escalate(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Hand it up."""
        waiting.escalate_case(case_id=obj.pk, reason=data["note"], actor=staff_of(request), now=now())
        return f"{obj.reference} was handed up."

    @staff_action(title="Put aside (s)", permission=_VIEW, form=SnoozeForm, icon="snooze", applies=is_running)
    def put_aside(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Not now."""
        waiting.snooze_case(
            case_id=obj.pk, until=data["until"], reason=data["note"], actor=staff_of(request), now=now()
        )
        return f"Put aside until {data['until']:%Y-%m-%d %H:%M} UTC."

    @staff_action(title="Release", permission=_VIEW, form=WhyForm, icon="undo", applies=is_held)
    def release(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Give it back."""
        claims.release_case(case_id=obj.pk, reason=data["note"], actor=staff_of(request), now=now())
        return "Back in its queue."

    @staff_action(title="Hand over", permission=_VIEW, form=AssignForm, icon="swap_horiz", applies=is_open)
    def reassign(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Give it to a colleague."""
        claims.reassign_case(case_id=obj.pk, to=data["to"], reason=data["note"], actor=staff_of(request), now=now())
        return f"{data['to']} holds it now."

    @staff_action(title="Link", permission=_VIEW, form=OtherCaseForm, icon="link", applies=is_running)
    def link(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Note that another case belongs to it."""
        linking.link_cases(
            case_id=obj.pk, other_id=data["other"], reason=data["note"], actor=staff_of(request), now=now()
        )
        return "Linked; both cases say so."

    @staff_action(
        title="Merge into", permission=_VIEW, form=OtherCaseForm, icon="merge", danger=True, applies=is_running,
        description="Its alerts and holds go to the other case of the same player; this one is resolved as merged.",
    )  # fmt: skip
    def merge(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Let another case take over."""
        into = linking.merge_case(
            case_id=obj.pk, into_id=data["other"], reason=data["note"], actor=staff_of(request), now=now()
        )
        return f"Merged into {into.reference}."

    @staff_action(
        title="Annotate player", permission=_VIEW, form=NoteForm, icon="person_edit", applies=is_running,
        description="Shown in every later case of this player.",
    )  # fmt: skip
    def annotate(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Write what later cases should know."""
        annotate_player(case_id=obj.pk, text=data["note"], actor=staff_of(request), now=now())
        return "Later cases of this player will show it."

    @staff_action(title="Tick", permission=_VIEW, form=TickForm, applies=is_open)
    def tick(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """One point of the checklist."""
        closing.tick(case_id=obj.pk, point=data["point"], done=data["done"], actor=staff_of(request), now=now())
        return "Ticked." if data["done"] else "No longer ticked."

    @staff_action(title="Pin", permission=_VIEW, form=PinForm, applies=is_open)
    def pin(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Keep a transaction or an exchange as it is."""
        terms: dict[str, Any] = {"case_id": obj.pk, "actor": staff_of(request), "now": now()}
        if data["kind"] == "exchange":
            piece = pin_exchange(exchange_id=data["reference"], **terms)
        else:
            piece = pin_transaction(transaction_id=data["reference"], **terms)
        return f"Kept as evidence: {piece.title}."

    @staff_action(
        title="Snooze a rule", permission=SNOOZE_RULE, form=SnoozeRuleForm, icon="notifications_off",
        applies=lambda case: case.resolution == Case.Resolution.FALSE_POSITIVE,
    )  # fmt: skip
    def snooze_rule(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Let a rule be quiet for this player."""
        snooze = snooze_rule(
            case_id=obj.pk, rule_id=data["rule_id"], days=data["days"], reason=data["note"],
            actor=staff_of(request), now=now(),
        )  # fmt: skip
        return f"{snooze.rule_id} is quiet for this player until {snooze.ends_at:%Y-%m-%d}."

    @staff_action(
        title="Reopen", permission=RESOLVE, form=WhyForm, icon="restart_alt",
        applies=lambda case: case.is_closed and case.merged_into_id is None,
    )  # fmt: skip
    def reopen(self, request: HttpRequest, obj: Case, data: dict[str, Any]) -> str:
        """Look at it again."""
        done = closing.reopen_case(case_id=obj.pk, reason=data["note"], actor=staff_of(request), now=now())
        return f"{obj.reference} is open again." if isinstance(done, Case) else "Asked for. A second person decides."
