"""The queue of withdrawals, the page on which people judge one, and the buttons by which they decide."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from apps.core.admin_actions import staff_of
from apps.core.admin_base import brand_scope
from apps.core.admin_display import NOTHING, amount_text, change_link, pill
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.payments.api.serializers import WITHDRAWAL_STATES
from apps.payments.base_page import PaymentPage, level, may_see_reasons
from apps.payments.checks.registry import title_of
from apps.payments.events_page import events_about
from apps.payments.models import Approval, Check, PaymentStep, StateTarget, Withdrawal
from apps.payments.money_picture import sums_by_instrument, weekly_chart
from apps.payments.operations.claims import CLAIM_PERMISSION, claim_next
from apps.payments.operations.decisions import (
    APPROVE_PERMISSION,
    MOST_AT_ONCE,
    approve_together,
    digest_of,
    editors_of,
    is_safe_in_bulk,
    people_needed,
)
from apps.payments.withdrawal_buttons import WithdrawalButtons
from apps.payments.withdrawal_queue import QueueFilter, clock_of, overview, sums_to_decide
from apps.wallets.queries import balances_of

State = Withdrawal.State
SHORTEST_NOTE = 5


@admin.register(Withdrawal)
class WithdrawalAdmin(WithdrawalButtons, PaymentPage):  # type: ignore[misc] # as of StaffAdmin
    """Money on its way out: looked at, agreed to, held or turned down."""

    brand_lookup = "brand_id"
    staff_actions = ("claim", "approve", "reject", "hold", "release", "attest", "unclaim", "reassign")
    change_form_template = "staff/payments/withdrawal.html"
    change_list_template = "staff/payments/withdrawals.html"
    list_display = (
        "requested_at", "amount", "state_shown", "player_shown", "method", "due", "clock", "holder_shown",
        "approvals_shown", "reasons",
    )  # fmt: skip
    list_display_links = ("requested_at",)
    list_filter = (QueueFilter, "method", "brand")
    list_select_related = ("player", "method", "holder")
    search_fields = ("=player__username", "=public_id")
    search_help_text = "Username or withdrawal id, in full"
    fields = ()
    empty_hint = "Nothing waits for a decision. Choose “Everything” in the filters for the rest."

    # What one may see

    def get_queryset(self, request: HttpRequest) -> QuerySet[Withdrawal]:
        """With names, approvals and what the checks found, in one query."""
        found = Check.objects.filter(withdrawal=OuterRef("pk")).exclude(result=Check.Result.PASSED)
        given = Approval.objects.filter(withdrawal=OuterRef("pk")).order_by().values("withdrawal")
        rows: QuerySet[Withdrawal] = super().get_queryset(request)
        return rows.select_related(
            "player", "brand", "method", "instrument", "integration", "holder", "contract"
        ).annotate(
            allowed_minutes=Subquery(StateTarget.objects.filter(state=OuterRef("state")).values("minutes")),
            doubts=ArraySubquery(found.order_by("id").values("name")),
            approvals_given=Coalesce(
                Subquery(given.annotate(count=Count("pk")).values("count"), output_field=IntegerField()), Value(0)
            ),
        )

    def get_list_display(self, request: HttpRequest) -> Any:
        """Support sees what the player sees."""
        if may_see_reasons(request.user):
            return self.list_display
        return ("requested_at", "amount", "state_told", "player_shown", "method")

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Whoever may not see a hold may not filter by it either."""
        return self.list_filter if may_see_reasons(request.user) else ("method", "brand")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What is due first comes first; what is closed, last first."""
        chosen = request.GET.get("queue", "waiting")
        is_queue = chosen in QueueFilter.DUE_FIRST or (chosen in State.values and chosen not in Withdrawal.CLOSED)
        return ("due_at", "id") if is_queue and may_see_reasons(request.user) else ("-id",)

    def page_context(self, request: HttpRequest, obj: Withdrawal) -> dict[str, Any]:
        """All that is needed to judge it; for support, what the player sees."""
        context: dict[str, Any] = {"withdrawal": obj, "may_see_reasons": may_see_reasons(request.user)}
        if not context["may_see_reasons"]:
            return context | {"state": self.state_told(obj)}
        attempts = list(obj.attempts.select_related("integration", "contract"))
        steps = list(obj.steps.select_related("integration", "actor"))
        digest, user = _approved_digest(obj, steps) or digest_of(obj), request.user
        return context | {
            "state": self.state_shown(obj),
            "is_overdue": _is_overdue(obj),
            "clock": pill("clock", *clock_of(obj, _limit(obj), at=now())) if not obj.is_closed else "",
            "digest": digest,
            "people_needed": people_needed(obj),
            "editors": list(User.objects.filter(pk__in=editors_of(obj))),
            "checks": [
                (each, title_of(each.name), pill(each.result, each.get_result_display(), level(each.result)))
                for each in obj.checks.all()
            ],
            "approvals": [(each, each.digest == digest) for each in obj.approvals.select_related("approver")],
            "attempts": [(each, pill(each.state, each.get_state_display(), level(each.state))) for each in attempts],
            "steps": steps,
            "events": events_about(steps, attempts) if user.has_perm("integrations.view_inboundevent") else None,
            "money": sums_by_instrument(obj.player_id),
            "chart": weekly_chart(obj.player_id, obj.currency, now=now()),
            "wallets": balances_of(obj.player_id) if user.has_perm("transactions.view_transaction") else None,
        }

    # Pages of the queue as a whole

    def get_urls(self) -> list[URLPattern]:
        """Add taking the next one, and approving what needs no second look."""
        site: Any = self.admin_site
        own = [
            path("next/", site.admin_view(self.take_next), name="payments_withdrawal_next"),
            path("together/", site.admin_view(self.together), name="payments_withdrawal_together"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With what waits in each state, for those who may know."""
        context: dict[str, Any] = dict(extra_context or {})
        if may_see_reasons(request.user):
            rows = _in_scope(request)
            context |= {
                "overview": overview(rows, at=now()),
                "to_decide": sums_to_decide(rows),
                "may_claim": request.user.has_perm(CLAIM_PERMISSION),
                "may_approve": request.user.has_perm(APPROVE_PERMISSION),
            }
        return super().changelist_view(request, context)

    def take_next(self, request: HttpRequest) -> HttpResponse:
        """Take what is due first and nobody holds, and go there."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = claim_next(actor=staff_of(request), now=now())
        except DomainError as refusal:
            messages.info(request, refusal.detail or refusal.title)
            return HttpResponseRedirect(reverse("admin:payments_withdrawal_changelist"))
        return HttpResponseRedirect(self.page_of(found))

    def together(self, request: HttpRequest) -> HttpResponse:
        """Show what needs no second look, and approve what was ticked: each by itself, to the terms shown."""
        if not (self.has_view_permission(request) and request.user.has_perm(APPROVE_PERMISSION)):
            raise PermissionDenied
        if request.method == "POST":
            return self._approved_together(request)
        waiting = _in_scope(request).filter(state=State.IN_REVIEW, needs_override=False, holder=None)
        rows = waiting.select_related("player", "method", "instrument", "brand").order_by("due_at")[:MOST_AT_ONCE]
        safe = [
            {"row": each, "digest": digest_of(each), "amount": self.amount(each), "player": self.player_shown(each)}
            for each in rows
            if is_safe_in_bulk(each)
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": "Approve together",
            "opts": self.opts,
            "safe": safe,
            "back_url": reverse("admin:payments_withdrawal_changelist"),
        }
        return TemplateResponse(request, "staff/payments/together.html", context)

    def _approved_together(self, request: HttpRequest) -> HttpResponse:
        back = HttpResponseRedirect(reverse("admin:payments_withdrawal_changelist"))
        note = request.POST.get("note", "").strip()[:2000]
        if len(note) < SHORTEST_NOTE:
            messages.error(request, "Say in a few words why they are in order.")
            return back
        shown = [
            (int(pk), digest)
            for pk, _, digest in (ticked.partition(":") for ticked in request.POST.getlist("shown"))
            if pk.isdecimal()
        ]
        results = approve_together(shown=shown, actor=staff_of(request), note=note, now=now())
        refused = [refusal for _, refusal in results if refusal is not None]
        for reason in sorted({refusal.detail or refusal.title for refusal in refused}):
            messages.error(request, reason)
        messages.success(request, f"{len(results) - len(refused)} of {len(results)} approved.")
        return back

    # Columns

    @admin.display(description="amount")
    def amount(self, withdrawal: Withdrawal) -> str:
        """To be paid."""
        return amount_text(withdrawal.amount_units, withdrawal.currency)

    @admin.display(description="state")
    def state_shown(self, withdrawal: Withdrawal) -> str:
        """Where it stands."""
        return pill(withdrawal.state, State(withdrawal.state).label, level(withdrawal.state))

    @admin.display(description="state")
    def state_told(self, withdrawal: Withdrawal) -> str:
        """Where it stands, as the player is told."""
        word = WITHDRAWAL_STATES.get(State(withdrawal.state), "processing")
        return pill(word, level=level(word))

    @admin.display(description="player")
    def player_shown(self, withdrawal: Withdrawal) -> str:
        """Whose."""
        return change_link("players.player", withdrawal.player_id, withdrawal.player.username)

    @admin.display(description="due (UTC)")
    def due(self, withdrawal: Withdrawal) -> str:
        """By when it is to be decided."""
        text = f"{withdrawal.due_at:%Y-%m-%d %H:%M}"
        return pill("overdue", f"{text} overdue", "bad") if _is_overdue(withdrawal) else text

    @admin.display(description="clock")
    def clock(self, withdrawal: Withdrawal) -> str:
        """How long it has been in its state."""
        text, how = clock_of(withdrawal, _limit(withdrawal), at=now())
        return pill("clock", text.split(",")[0].replace(" in this state", ""), how) if text else NOTHING

    @admin.display(description="held by")
    def holder_shown(self, withdrawal: Withdrawal) -> str:
        """Who works on it."""
        return str(withdrawal.holder) if withdrawal.holder else NOTHING

    @admin.display(description="approvals")
    def approvals_shown(self, withdrawal: Any) -> str:
        """How many have said yes so far, to whatever terms."""
        return str(withdrawal.approvals_given) if withdrawal.approvals_given else NOTHING

    @admin.display(description="reasons")
    def reasons(self, withdrawal: Any) -> str:
        """What the checks found, and why somebody held or refused it."""
        names = dict.fromkeys([*withdrawal.doubts, *filter(None, [withdrawal.reason_code])])
        return ", ".join(names) or NOTHING


def _limit(withdrawal: Any) -> timedelta | None:
    """How long it may stay in its state; annotated by the page's query."""
    return timedelta(minutes=withdrawal.allowed_minutes) if withdrawal.allowed_minutes is not None else None


def _approved_digest(withdrawal: Withdrawal, steps: list[PaymentStep]) -> str:
    """What it went out on; since then its provider has been chosen, and its account may have changed."""
    if withdrawal.approved_at is None:
        return ""
    said = [step.details.get("digest", "") for step in steps if step.name == "approved"]
    return said[-1] if said else ""


def _is_overdue(withdrawal: Withdrawal) -> bool:
    waits = withdrawal.state in Withdrawal.AWAITING_STAFF and withdrawal.clock_stopped_at is None
    return waits and withdrawal.due_at <= now()


def _in_scope(request: HttpRequest) -> QuerySet[Withdrawal]:
    scope = brand_scope(request.user)
    rows = Withdrawal.objects.all()
    return rows if scope is None else rows.filter(brand_id__in=scope.ids)
