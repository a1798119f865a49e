"""The queue of withdrawals, the page on which people judge one, and the buttons by which they decide."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from apps.core.admin_actions import ActionForm, staff_action, staff_of
from apps.core.admin_display import NOTHING, amount_text, change_link, pill
from apps.core.clock import now
from apps.payments.api.serializers import WITHDRAWAL_STATES
from apps.payments.base_page import PaymentPage, level, may_see_reasons
from apps.payments.events_page import events_about
from apps.payments.models import Approval, Check, Deposit, Withdrawal
from apps.payments.operations.decisions import (
    APPROVE_PERMISSION,
    HOLD_PERMISSION,
    approve_withdrawal,
    digest_of,
    hold_withdrawal,
    people_needed,
    reject_withdrawal,
    release_to_review,
)
from apps.payments.operations.resolution import RESOLVE_PERMISSION, attest_outcome
from apps.wallets.queries import balances_of

State = Withdrawal.State

REJECT_REASONS = (
    ("account-not-own", "The account is not the player's own"),
    ("wrong-way", "It has to go back the way it came"),
    ("player-request", "The player asked for it"),
    ("identity", "Identity in doubt"),
    ("fraud-review", "Fraud review"),
    ("aml-review", "Money laundering review"),
    ("no-provider", "No provider can carry it"),
    ("other", "Other, see the note"),
)
HOLD_REASONS = (
    ("documents", "Documents are awaited"),
    ("identity", "Identity in doubt"),
    ("fraud-review", "Fraud review"),
    ("aml-review", "Money laundering review"),
    ("provider", "The provider has to answer first"),
    ("other", "Other, see the note"),
)


def _note(*, required: bool, shortest: int = 0) -> forms.CharField:
    return forms.CharField(
        required=required,
        min_length=shortest or None,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept with the withdrawal, readable by auditors.",
    )


class ApproveForm(ActionForm):
    """Carries the digest of what the person was shown, so that nothing else is approved."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput())
    note = _note(required=True, shortest=5)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, Withdrawal):
            self.initial["digest"] = digest_of(self.target)


class RejectForm(ActionForm):
    """Asks why not."""

    reason_code = forms.ChoiceField(label="Reason", choices=REJECT_REASONS, widget=UnfoldAdminSelectWidget())
    note = _note(required=True, shortest=5)


class HoldForm(ActionForm):
    """Asks what has to happen first."""

    reason_code = forms.ChoiceField(label="Reason", choices=HOLD_REASONS, widget=UnfoldAdminSelectWidget())
    note = _note(required=True, shortest=5)


class NoteForm(ActionForm):
    """Asks for a word."""

    note = _note(required=True, shortest=5)


class AttestForm(ActionForm):
    """Asks what became of it, and where that can be seen."""

    outcome = forms.ChoiceField(
        choices=(("paid", "It was paid"), ("failed", "It was not paid: the player gets the money back")),
        widget=UnfoldAdminSelectWidget(),
    )
    evidence = forms.CharField(
        min_length=10,
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="A line of the bank statement, the provider's letter: what a colleague can look up.",
    )


class QueueFilter(admin.SimpleListFilter):
    """What to do is what one gets unasked."""

    title = "queue"
    parameter_name = "queue"
    DUE_FIRST = ("waiting", "overdue", "moving")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Queues, then single states."""
        queues = [
            ("waiting", "To be decided"),
            ("overdue", "Overdue"),
            ("moving", "On their way"),
            ("closed", "Closed"),
            ("all", "Everything"),
        ]
        return [*queues, *((value, label) for value, label in State.choices)]

    def choices(self, changelist: Any) -> Any:
        """Without Django's "All"."""
        for value, title in self.lookup_choices:
            yield {
                "selected": (self.value() or "waiting") == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of one queue; a word that is none shows everything."""
        chosen = self.value() or "waiting"
        terms = {
            "waiting": Q(state__in=(*Withdrawal.AWAITING_STAFF, State.UNKNOWN)),
            "overdue": Q(state__in=Withdrawal.AWAITING_STAFF, due_at__lte=now()),
            "moving": Q(state__in=(State.REQUESTED, State.SCREENING, State.APPROVED, State.QUEUED))
            | Q(state__in=Withdrawal.IN_FLIGHT),
            "closed": Q(state__in=Withdrawal.CLOSED),
        }
        if chosen in State.values:
            return queryset.filter(state=chosen)
        return queryset.filter(terms[chosen]) if chosen in terms else queryset


def money_picture(withdrawal: Withdrawal) -> list[dict[str, Any]]:
    """Sum up what the player paid in and took out, by currency and method, in ledger units; two queries."""
    of_player = {"player_id": withdrawal.player_id}
    deposits = Deposit.objects.filter(**of_player, settled_units__gt=0).order_by().values("currency", "method__name")
    withdrawals = Withdrawal.objects.filter(**of_player).order_by().values("currency", "method__name")
    paid = Sum("paid_units", filter=Q(state=State.PAID), default=0)
    still_open = Sum("amount_units", filter=~Q(state__in=Withdrawal.CLOSED), default=0)
    rows: list[dict[str, Any]] = [
        *map(dict, deposits.annotate(deposited=Sum("settled_units"), reversed=Sum("reversed_units"))),
        *map(dict, withdrawals.annotate(paid=paid, open=still_open)),
    ]
    sums: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        empty = {"deposited": 0, "reversed": 0, "paid": 0, "open": 0}
        sums.setdefault((row["currency"], row["method__name"]), empty).update(row)
    return [sums[key] for key in sorted(sums)]


@admin.register(Withdrawal)
class WithdrawalAdmin(PaymentPage):
    """Money on its way out: looked at, agreed to, held or turned down."""

    brand_lookup = "brand_id"
    staff_actions = ("approve", "reject", "hold", "release", "attest")
    change_form_template = "staff/payments/withdrawal.html"
    list_display = (
        "requested_at", "amount", "state_shown", "player_shown", "method", "due", "approvals_shown", "reasons",
    )  # fmt: skip
    list_display_links = ("requested_at",)
    list_filter = (QueueFilter, "method", "brand")
    list_select_related = ("player", "method")
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
        return rows.select_related("player", "brand", "method", "instrument", "integration").annotate(
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
        attempts = list(obj.attempts.select_related("integration"))
        steps = list(obj.steps.select_related("integration", "actor"))
        digest = digest_of(obj)
        may_see_events = request.user.has_perm("integrations.view_inboundevent")
        return context | {
            "state": self.state_shown(obj),
            "is_overdue": _is_overdue(obj, now()),
            "digest": digest,
            "people_needed": people_needed(obj),
            "checks": [
                (each, pill(each.result, each.get_result_display(), level(each.result))) for each in obj.checks.all()
            ],
            "approvals": [(each, each.digest == digest) for each in obj.approvals.select_related("approver")],
            "attempts": [(each, pill(each.state, each.get_state_display(), level(each.state))) for each in attempts],
            "steps": steps,
            "events": events_about(steps, attempts) if may_see_events else None,
            "money": money_picture(obj),
            "wallets": balances_of(obj.player_id) if request.user.has_perm("transactions.view_transaction") else None,
        }

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
        return pill("overdue", f"{text} overdue", "bad") if _is_overdue(withdrawal, now()) else text

    @admin.display(description="approvals")
    def approvals_shown(self, withdrawal: Any) -> str:
        """How many have said yes so far, to whatever terms."""
        return str(withdrawal.approvals_given) if withdrawal.approvals_given else NOTHING

    @admin.display(description="reasons")
    def reasons(self, withdrawal: Any) -> str:
        """What the checks found, and why somebody held or refused it."""
        names = dict.fromkeys([*withdrawal.doubts, *filter(None, [withdrawal.reason_code])])
        return ", ".join(names) or NOTHING

    # What one may do

    @staff_action(
        title="Approve",
        permission=APPROVE_PERMISSION,
        form=ApproveForm,
        description="To exactly the terms shown on this page. Where two people are needed, both press this.",
        icon="task_alt",
        applies=lambda withdrawal: withdrawal.state == State.IN_REVIEW,
    )
    def approve(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:
        """Agree."""
        after = approve_withdrawal(
            withdrawal_id=obj.pk, digest=data["digest"], actor=staff_of(request), note=data["note"], now=now()
        )
        if after.state == State.IN_REVIEW:
            return "Your approval counts. A second person has to agree before it goes out."
        return "Approved; it goes to a provider now."

    @staff_action(
        title="Reject",
        permission=APPROVE_PERMISSION,
        form=RejectForm,
        description="The player has the money back at once.",
        danger=True,
        icon="cancel",
        applies=lambda withdrawal: withdrawal.state in Withdrawal.AWAITING_STAFF,
    )
    def reject(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:
        """Disagree."""
        reject_withdrawal(
            withdrawal_id=obj.pk,
            reason_code=data["reason_code"],
            note=data["note"],
            actor=staff_of(request),
            now=now(),
        )
        return "Rejected; the player has the money back."

    @staff_action(
        title="Hold",
        permission=HOLD_PERMISSION,
        form=HoldForm,
        description="Until something has happened. The player is told nothing of the reason.",
        icon="pause_circle",
        applies=lambda withdrawal: withdrawal.state == State.IN_REVIEW,
    )
    def hold(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:
        """Let it wait."""
        hold_withdrawal(
            withdrawal_id=obj.pk,
            reason_code=data["reason_code"],
            note=data["note"],
            actor=staff_of(request),
            now=now(),
        )
        return "On hold."

    @staff_action(
        title="Release to review",
        permission=HOLD_PERMISSION,
        form=NoteForm,
        description="What it waited for has happened. After a hold two people have to agree, whatever the amount.",
        icon="play_circle",
        applies=lambda withdrawal: withdrawal.state == State.ON_HOLD,
    )
    def release(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:
        """Let people decide."""
        release_to_review(withdrawal_id=obj.pk, note=data["note"], actor=staff_of(request), now=now())
        return "In review; two people have to agree."

    @staff_action(
        title="Attest outcome",
        permission=RESOLVE_PERMISSION,
        form=AttestForm,
        description="Only with evidence, and only once two people say the same. A payment must not be made twice.",
        danger=True,
        icon="fact_check",
        applies=lambda withdrawal: withdrawal.state == State.UNKNOWN,
    )
    def attest(self, request: HttpRequest, obj: Withdrawal, data: dict[str, Any]) -> str:
        """Say what became of it."""
        after = attest_outcome(
            withdrawal_id=obj.pk,
            was_paid=data["outcome"] == "paid",
            evidence=data["evidence"],
            actor=staff_of(request),
            now=now(),
        )
        if after.state == State.UNKNOWN:
            return "Recorded. A second person has to say the same before anything moves."
        return f"Settled: {State(after.state).label.lower()}."


def _is_overdue(withdrawal: Withdrawal, at: datetime) -> bool:
    return withdrawal.state in Withdrawal.AWAITING_STAFF and withdrawal.due_at <= at
