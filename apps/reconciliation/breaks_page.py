"""The workbench of breaks: what is open, how old and how much, whose it is, and the buttons by which it is resolved."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Abs
from django.http import HttpRequest
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from apps.core.admin_actions import ActionForm, staff_action, staff_of
from apps.core.admin_base import brand_scope
from apps.core.admin_display import amount_text, pill, signed_amount_text
from apps.core.clock import now
from apps.core.currencies import CURRENCIES
from apps.reconciliation.base_page import ReconciliationPage, level
from apps.reconciliation.charts import bars
from apps.reconciliation.explaining import explanation
from apps.reconciliation.models import Break, BreakClass, WriteOffAccount
from apps.reconciliation.operations import breaks

_AGES = ((0, 1, "today and yesterday"), (2, 7, "2 to 7 days"), (8, 30, "8 to 30 days"), (31, 36_500, "older"))


class NoteForm(ActionForm):
    """Asks for a word."""

    note = forms.CharField(min_length=10, max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


class CommentForm(ActionForm):
    """Asks what to say."""

    text = forms.CharField(max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


class EmptyForm(ActionForm):
    """Asks nothing."""


class PostForm(NoteForm):
    """Carries what the person was shown, so that nothing else is posted."""

    remaining_units = forms.IntegerField(widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, Break):
            self.initial["remaining_units"] = self.target.remaining_units


class ProposeForm(NoteForm):
    """Asks where to carry it, and why."""

    account = forms.ChoiceField(choices=WriteOffAccount.choices, widget=UnfoldAdminSelectWidget())
    field_order = ("account", "note")


class QueueFilter(admin.SimpleListFilter):
    """What is to do comes unasked."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The queues."""
        return [("open", "Open"), ("mine", "Mine"), ("unclaimed", "Unclaimed"), ("write-off", "Write-off waits"),
                ("resolved", "Resolved"), ("all", "Everything")]  # fmt: skip

    def choices(self, changelist: Any) -> Any:
        """Without Django's "All"."""
        for value, title in self.lookup_choices:
            yield {
                "selected": (self.value() or "open") == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of one queue."""
        user: Any = request.user
        terms = {
            "open": Q(state="open"),
            "mine": Q(state="open", owner_id=user.pk),
            "unclaimed": Q(state="open", owner=None),
            "write-off": Q(pk__in=breaks.breaks_with_proposals()),
            "resolved": Q(state="resolved"),
        }
        return queryset.filter(terms[chosen]) if (chosen := self.value() or "open") in terms else queryset


def explained(found: Break) -> str:
    """The break in plain words."""
    return explanation(
        kind=found.kind,
        subject=found.subject,
        currency=found.currency,
        expected=found.expected_units,
        found=found.found_units,
        details=found.details,
    )


def _has_proposal(found: Any) -> bool:
    return found.state == Break.State.OPEN and breaks.waiting_for(found) is not None


@admin.register(Break)
class BreakAdmin(ReconciliationPage):
    """Disagreements between our books and others': looked at, owned, resolved by postings."""

    brand_lookup = ""
    staff_actions = (
        "claim", "release", "comment", "post_to_suspense", "propose_write_off",
    )  # fmt: skip
    change_list_template = "staff/reconciliation/breaks.html"
    change_form_template = "staff/reconciliation/break.html"
    list_display = ("opened_on", "age", "kind_shown", "of", "remaining", "words", "owner", "state_shown")
    list_display_links = ("opened_on",)
    list_filter = (QueueFilter, "kind", "scope", "integration")
    list_select_related = ("integration", "owner")
    search_fields = ("=payment_key", "=subject", "=public_id")
    search_help_text = "The provider's id of the payment, or the break's subject, in full"
    fields = ()
    empty_hint = "Nothing disagrees. Runs stand under “Runs”; choose “Everything” in the filters for what was resolved."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Break]:
        """Of the person's brands, and of the books of all."""
        rows: QuerySet[Break] = super().get_queryset(request).select_related("integration", "owner", "last_run")
        scope = brand_scope(request.user)
        return rows if scope is None else rows.filter(Q(brand_id__in=scope.ids) | Q(brand=None))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What has waited longest comes first; what is closed, last first."""
        return ("-id",) if request.GET.get("queue") in ("resolved", "all") else ("opened_on", "id")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With how much is open, by age and class."""
        rows = self.get_queryset(request).filter(state="open").order_by()
        return super().changelist_view(request, {**_pictures(rows), **(extra_context or {})})

    def page_context(self, request: HttpRequest, obj: Break) -> dict[str, Any]:
        """Both sides, the story, and what waits."""
        return {
            "found": obj,
            "words": explained(obj),
            "state": self.state_shown(obj),
            "kind": self.kind_shown(obj),
            "events": list(obj.events.select_related("actor", "run__integration")),
            "resolutions": list(obj.resolutions.select_related("posted_by", "approved_by")),
            "waiting": breaks.waiting_for(obj),
            "age_days": _age(obj),
        }

    @admin.display(description="age")
    def age(self, found: Break) -> str:
        """In days."""
        days = _age(found)
        return f"{days}\u00a0day{'' if days == 1 else 's'}"

    @admin.display(description="class")
    def kind_shown(self, found: Break) -> str:
        """What kind of disagreement."""
        return pill(found.kind, BreakClass(found.kind).label, "warning" if found.kind == "timing" else "plain")

    @admin.display(description="provider")
    def of(self, found: Break) -> str:
        """Whose."""
        return found.integration.slug if found.integration else "our books"

    @admin.display(description="open amount")
    def remaining(self, found: Break) -> str:
        """What no posting covers yet."""
        return signed_amount_text(found.remaining_units, found.currency) if found.currency else "–"

    @admin.display(description="what it is")
    def words(self, found: Break) -> str:
        """In plain words."""
        return explained(found)

    @admin.display(description="state")
    def state_shown(self, found: Break) -> str:
        """Where it stands."""
        text = Break.ResolvedBy(found.resolved_by).label if found.resolved_by else "Open"
        return pill(found.state, text, level(found.state))

    # What one may do

    @staff_action(
        title="Claim",
        permission=breaks.WORK_PERMISSION,
        form=EmptyForm,
        icon="person_add",
        applies=lambda found: found.state == "open" and found.owner_id is None,
    )
    def claim(self, request: HttpRequest, obj: Break, data: dict[str, Any]) -> str:
        """Make it one's own."""
        breaks.claim_break(break_id=obj.pk, actor=staff_of(request), now=now())
        return "It is yours."

    @staff_action(
        title="Give back",
        permission=breaks.WORK_PERMISSION,
        form=NoteForm,
        icon="person_remove",
        applies=lambda found: found.state == "open" and found.owner_id is not None,
    )
    def release(self, request: HttpRequest, obj: Break, data: dict[str, Any]) -> str:
        """Back into the queue."""
        breaks.release_break(break_id=obj.pk, note=data["note"], actor=staff_of(request), now=now())
        return "Anybody may take it now."

    @staff_action(title="Comment", permission=breaks.WORK_PERMISSION, form=CommentForm, icon="chat")
    def comment(self, request: HttpRequest, obj: Break, data: dict[str, Any]) -> str:
        """Say something."""
        breaks.comment_on_break(break_id=obj.pk, text=data["text"], actor=staff_of(request), now=now())
        return "Kept with the break."

    @staff_action(
        title="Post to suspense",
        permission=breaks.WORK_PERMISSION,
        form=PostForm,
        description="Brings the provider's account to what he says, against a claim on him (or a debt) in suspense.",
        icon="move_down",
        applies=lambda found: found.state == "open" and breaks.is_postable(found) and not _has_proposal(found),
    )
    def post_to_suspense(self, request: HttpRequest, obj: Break, data: dict[str, Any]) -> str:
        """Post what is left of it."""
        breaks.post_break(
            break_id=obj.pk,
            remaining_units=data["remaining_units"],
            note=data["note"],
            actor=staff_of(request),
            now=now(),
        )
        return "Posted; the break is resolved."

    @staff_action(
        title="Propose write-off",
        permission=breaks.PROPOSE_PERMISSION,
        form=ProposeForm,
        description="Carries what is left to profit and loss, once a colleague agrees. Nothing moves before.",
        icon="edit_note",
        applies=lambda found: found.state == "open" and breaks.is_postable(found) and not _has_proposal(found),
    )
    def propose_write_off(self, request: HttpRequest, obj: Break, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        breaks.propose_write_off(
            break_id=obj.pk, account=data["account"], note=data["note"], actor=staff_of(request), now=now()
        )
        return "A colleague has to decide now, under Approvals."


def _age(found: Break) -> int:
    end = found.resolved_at.date() if found.resolved_at else now().date()
    return max(0, (end - found.opened_on).days)


def _pictures(rows: QuerySet[Break]) -> dict[str, Any]:
    """Counts by age, and counts and values by class and currency; two queries."""
    today = now().date()
    ages = {
        f"from_{young}": Count(
            "pk", filter=Q(opened_on__lte=today - timedelta(young), opened_on__gte=today - timedelta(old))
        )
        for young, old, _ in _AGES
    }
    counts = rows.aggregate(**ages)
    remaining = F("found_units") - F("expected_units") - F("posted_units")
    by_class = list(
        rows.values("kind", "currency")
        .annotate(count=Count("pk"), value=Sum(Abs(remaining)))
        .order_by("kind", "currency")
    )
    page = reverse("admin:reconciliation_break_changelist")
    levels = ("good", "plain", "warning", "bad")
    return {
        "ageing": bars(
            (name, str(counts[f"from_{young}"]), counts[f"from_{young}"], colour, "")
            for (young, _, name), colour in zip(_AGES, levels, strict=True)
        ),
        "values": bars(
            (
                f"{BreakClass(row['kind']).label} ({row['count']})",
                amount_text(int(row["value"] or 0), row["currency"]) if row["currency"] else "",
                float(row["value"] or 0)
                / (CURRENCIES[row["currency"]].ledger_scale if row["currency"] in CURRENCIES else 1),
                "info",
                f"{page}?kind__exact={row['kind']}",
            )
            for row in by_class
        ),
        "open_count": sum(counts.values()),
    }
