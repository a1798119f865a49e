"""The list of disputes with their deadlines, the page of one, and the ways to answer it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.core.admin_actions import ActionForm, staff_action, staff_of
from apps.core.admin_base import brand_scope
from apps.core.admin_display import NOTHING, amount_text, change_link, pill
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.payments.base_page import PaymentPage, level
from apps.payments.models import Dispute, DisputeAnswer, EvidencePack
from apps.payments.operations.dispute_answers import ANSWER_PERMISSION, answer_dispute, defense_reasons
from apps.payments.operations.dispute_deadlines import WARN_BEFORE, time_left
from apps.payments.operations.evidence_packs import DOWNLOAD_PERMISSION, request_pack, take_copy
from apps.payments.withdrawal_forms import PlainForm
from apps.payments.withdrawal_queue import words_of

Status = Dispute.Status


class AcceptForm(ActionForm):
    """Asks why it is not defended."""

    note = forms.CharField(
        min_length=5, max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept with the dispute, readable by auditors.",
    )  # fmt: skip


class DefendForm(AcceptForm):
    """Asks on what ground; the provider says which there are."""

    reason_code = forms.CharField(
        label="Ground of defence", max_length=60,
        widget=UnfoldAdminTextInputWidget(),
        help_text="A code from “Ask for grounds”. What the provider does not offer it refuses.",
    )  # fmt: skip
    field_order = ("reason_code", "note")


class DueFilter(admin.SimpleListFilter):
    """What has to be answered is what one gets unasked."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Queues."""
        return [
            ("answer", "To be answered"),
            ("soon", "Within three days"),
            ("theirs", "Waiting for them"),
            ("closed", "Decided"),
            ("all", "Everything"),
        ]

    def choices(self, changelist: Any) -> Any:
        """Without Django's "All"."""
        for value, title in self.lookup_choices:
            yield {
                "selected": (self.value() or "answer") == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of one queue; a word that is none shows everything."""
        terms = {
            "answer": Q(status=Status.OPENED),
            "soon": Q(status=Status.OPENED, respond_by__lte=now() + WARN_BEFORE),
            "theirs": Q(status=Status.CHALLENGED),
            "closed": ~Q(status__in=Dispute.OPEN),
        }
        chosen = self.value() or "answer"
        return queryset.filter(terms[chosen]) if chosen in terms else queryset


@admin.register(Dispute)
class DisputeAdmin(PaymentPage):
    """A deposit that its payer contests."""

    brand_lookup = "deposit__brand_id"
    staff_actions = ("collect", "defend", "accept")
    change_form_template = "staff/payments/dispute.html"
    change_list_template = "staff/payments/disputes.html"
    list_display = (
        "opened_at", "amount", "status_shown", "stage_shown", "time_left_shown", "player_shown", "integration",
        "reason_shown", "taken_back",
    )  # fmt: skip
    list_display_links = ("opened_at",)
    list_filter = (DueFilter, "stage", "integration")
    search_fields = ("=reference", "=public_id", "=deposit__public_id")
    search_help_text = "The provider's reference, or the id of the dispute or deposit, in full"
    fields = ()
    empty_hint = "No dispute waits for an answer. Choose “Everything” in the filters for the rest."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        """With the names, in one query."""
        rows: QuerySet[Dispute] = super().get_queryset(request)
        return rows.select_related("deposit__player", "deposit__method", "integration", "contract", "holder")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What has to be answered first comes first."""
        due_first = request.GET.get("queue", "answer") in ("answer", "soon")
        return ("respond_by", "id") if due_first else ("-id",)

    def get_urls(self) -> list[URLPattern]:
        """Add the way to a pack, and the question for grounds."""
        site: Any = self.admin_site
        own = [
            path("<int:dispute_id>/packs/<int:pack_id>/", site.admin_view(self.download), name="payments_dispute_pack"),
            path("<int:dispute_id>/grounds/", site.admin_view(self.ask_grounds), name="payments_dispute_grounds"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With how many there are and what they hold, by status."""
        scope = brand_scope(request.user)
        rows = Dispute.objects.all() if scope is None else Dispute.objects.filter(deposit__brand_id__in=scope.ids)
        counted = rows.order_by().values("status", "deposit__currency")
        sums = counted.annotate(count=Count("pk"), taken=Sum("debited_units"), fees=Sum("fee_units"))
        context: dict[str, Any] = {
            "sums": [
                {**each, "label": Status(each["status"]).label, "level": level(each["status"])}
                for each in sums.order_by("status", "deposit__currency")
            ],
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def page_context(self, request: HttpRequest, obj: Dispute) -> dict[str, Any]:
        """All that is needed to answer it."""
        packs = obj.packs.defer("content").select_related("requested_by")
        return {
            "dispute": obj,
            "deposit": obj.deposit,
            "status": self.status_shown(obj),
            "clock": self.time_left_shown(obj),
            "events": list(obj.events.all()),
            "answers": [
                (each, pill(each.state, each.get_state_display(), level(each.state)))
                for each in obj.answers.select_related("actor")
            ],
            "packs": [
                (each, pill(each.state, each.get_state_display(), level(each.state)), list(each.downloads.all()))
                for each in packs.prefetch_related("downloads__actor")
            ],
            "may_download": request.user.has_perm(DOWNLOAD_PERMISSION),
            "may_answer": request.user.has_perm(ANSWER_PERMISSION) and obj.is_open,
        }

    def download(self, request: HttpRequest, dispute_id: int, pack_id: int) -> HttpResponse:
        """Hand out one pack; who takes it is kept."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        dispute = self.get_object(request, str(dispute_id))
        if dispute is None or not EvidencePack.objects.filter(pk=pack_id, dispute=dispute).exists():
            raise Http404
        try:
            pack, content = take_copy(
                pack_id=pack_id, actor=staff_of(request), remote_address=request.META.get("REMOTE_ADDR", ""), now=now()
            )
        except DomainError as refusal:
            messages.error(request, refusal.detail or refusal.title)
            return HttpResponseRedirect(self.page_of(dispute))
        headers = {
            "Content-Disposition": f'attachment; filename="evidence-{pack.public_id}.zip"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return HttpResponse(content, content_type="application/zip", headers=headers)

    def ask_grounds(self, request: HttpRequest, dispute_id: int) -> HttpResponse:
        """Ask the provider on what grounds it may be defended, and show them."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and request.user.has_perm(ANSWER_PERMISSION)):
            raise PermissionDenied
        dispute = self.get_object(request, str(dispute_id))
        if dispute is None:
            raise Http404
        try:
            found = defense_reasons(dispute)
        except (DomainError, VendorTimeout, VendorUnreachable, VendorSwitchedOff) as refusal:
            messages.error(request, getattr(refusal, "title", "") or str(refusal))
        else:
            for each in found:
                needed = ", ".join(kind.code for kind in each.documents if kind.is_required) or "no document"
                messages.info(request, f"{each.code}: needs {needed}")
            if not found:
                messages.warning(request, "The provider offers no ground: it can only be accepted.")
        return HttpResponseRedirect(self.page_of(dispute))

    # Columns

    @admin.display(description="amount")
    def amount(self, dispute: Dispute) -> str:
        """Of the deposit."""
        return amount_text(dispute.deposit.settled_units, dispute.deposit.currency)

    @admin.display(description="taken back")
    def taken_back(self, dispute: Dispute) -> str:
        """What is with the payer at present."""
        return amount_text(dispute.debited_units, dispute.deposit.currency)

    @admin.display(description="status")
    def status_shown(self, dispute: Dispute) -> str:
        """Where it stands."""
        return pill(dispute.status, Status(dispute.status).label, level(dispute.status))

    @admin.display(description="stage")
    def stage_shown(self, dispute: Dispute) -> str:
        """How far it has gone."""
        return Dispute.Stage(dispute.stage).label

    @admin.display(description="time to answer")
    def time_left_shown(self, dispute: Dispute) -> str:
        """How long there is."""
        left = time_left(dispute, now=now())
        if left is None:
            return NOTHING
        if left.total_seconds() <= 0:
            return pill("over", "the time is over", "bad")
        return pill("left", f"{words_of(left)} left", "bad" if left <= WARN_BEFORE else "good")

    @admin.display(description="player")
    def player_shown(self, dispute: Dispute) -> str:
        """Whose deposit."""
        return change_link("players.player", dispute.deposit.player_id, dispute.deposit.player.username)

    @admin.display(description="reason")
    def reason_shown(self, dispute: Dispute) -> str:
        """Why the payer contests it, as the provider says."""
        return " ".join(filter(None, (dispute.reason_code, dispute.reason))) or NOTHING

    # What one may do

    @staff_action(
        title="Collect evidence",
        permission=ANSWER_PERMISSION,
        form=PlainForm,
        description="Ledger, play, log-ins and what we and the provider sent each other, as one ZIP with hashes.",
        icon="folder_zip",
    )
    def collect(self, request: HttpRequest, obj: Dispute, data: dict[str, Any]) -> str:
        """Have a pack built."""
        request_pack(dispute_id=obj.pk, actor=staff_of(request), now=now())
        return "The pack is being built; this page shows how far it is."

    @staff_action(
        title="Defend",
        permission=ANSWER_PERMISSION,
        form=DefendForm,
        description="Hands in the statement of the newest pack. The provider decides nothing by that yet.",
        icon="shield",
        applies=lambda dispute: dispute.status == Status.OPENED,
    )
    def defend(self, request: HttpRequest, obj: Dispute, data: dict[str, Any]) -> str:
        """Say that the payment was right."""
        answer_dispute(
            dispute_id=obj.pk, kind=DisputeAnswer.Kind.DEFEND, reason_code=data["reason_code"], note=data["note"],
            actor=staff_of(request), now=now(),
        )  # fmt: skip
        return "The defence goes out now."

    @staff_action(
        title="Accept",
        permission=ANSWER_PERMISSION,
        form=AcceptForm,
        description="The payer keeps the money. This can not be taken back.",
        danger=True,
        icon="block",
        applies=lambda dispute: dispute.status == Status.OPENED,
    )
    def accept(self, request: HttpRequest, obj: Dispute, data: dict[str, Any]) -> str:
        """Let it be."""
        answer_dispute(
            dispute_id=obj.pk, kind=DisputeAnswer.Kind.ACCEPT, note=data["note"], actor=staff_of(request), now=now()
        )
        return "The acceptance goes out now."
