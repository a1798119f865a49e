"""The queue of verifications, the page on which people decide one, and due diligence with its locked money."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from apps.compliance.asking import ask_colleague
from apps.core.admin_actions import ActionForm, reason_field, staff_action, staff_of
from apps.core.admin_display import NOTHING, amount_text, change_link, instant_text, pill
from apps.core.clock import now
from apps.core.money import Money
from apps.verification.base_page import VerificationPage, compared, level
from apps.verification.contract import FoundPerson
from apps.verification.gates import CDD_FACTS
from apps.verification.models import DueDiligence, PlayerFact, Verification
from apps.verification.operations.decisions import DECIDE_PERMISSION, decide_review
from apps.verification.operations.due_diligence import PROPOSE_PERMISSION, REFUND_COMMAND, RELEASE_COMMAND
from apps.verification.operations.facts import proven_kinds

State = Verification.State


class DecideForm(ActionForm):
    """Asks what is decided, and why."""

    decision = forms.ChoiceField(
        choices=(
            ("approved", "Approve: he is who he says"),
            ("retry", "Ask for another document"),
            ("rejected", "Reject"),
        ),
        widget=UnfoldAdminSelectWidget(),
    )
    reason = reason_field(500)


class QueueFilter(admin.SimpleListFilter):
    """What to do is what one gets unasked."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Queues, then single states."""
        return [("waiting", "To be decided"), ("open", "Open"), ("all", "Everything"), *State.choices]

    def choices(self, changelist: Any) -> Any:
        """Without Django's "All"."""
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": (self.value() or "waiting") == value, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of one queue; a word that is none shows everything."""
        chosen = self.value() or "waiting"
        if chosen == "waiting":
            return queryset.filter(state=State.REVIEW)
        if chosen == "open":
            return queryset.filter(state__in=Verification.OPEN)
        return queryset.filter(state=chosen) if chosen in State.values else queryset


@admin.register(Verification)
class VerificationAdmin(VerificationPage):
    """One verification: what the vendor says beside what we know."""

    brand_lookup = "brand_id"
    staff_actions = ("decide",)
    change_form_template = "staff/verification/verification.html"
    list_display = ("started_at", "level", "state_shown", "player_shown", "trigger", "integration", "why", "waiting")
    list_display_links = ("started_at",)
    list_filter = (QueueFilter, "level", "integration", "brand")
    list_select_related = ("player", "integration")
    search_fields = ("=player__username", "=public_id", "=vendor_session")
    search_help_text = "Username, our id or the vendor's, in full"
    fields = ()
    empty_hint = "Nothing waits for a decision. Choose “Everything” in the filters for the rest."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Verification]:
        """With names, in one query."""
        rows: QuerySet[Verification] = super().get_queryset(request)
        return rows.select_related("player", "brand", "integration")

    def page_context(self, request: HttpRequest, obj: Verification) -> dict[str, Any]:
        """All that is needed to decide it."""
        at = now()
        facts = PlayerFact.objects.standing().filter(player_id=obj.player_id).select_related("integration")
        person = FoundPerson(**obj.found) if obj.found else FoundPerson()
        documents = obj.player.documents.all()[:50] if request.user.has_perm("verification.view_document") else None
        sees_hits = request.user.has_perm("verification.view_screeninghit")
        return {
            "verification": obj,
            "state": self.state_shown(obj),
            "comparison": list(compared(obj.player, person)) if obj.found else [],
            "facts": [(each, *_validity(each, at)) for each in facts.order_by("kind", "subject")],
            "documents": documents,
            "hits": obj.player.screening_hits.filter(state__in=("open", "confirmed"))[:20] if sees_hits else None,
            "steps": list(obj.steps.select_related("actor")),
            "others": list(obj.player.verifications.exclude(pk=obj.pk)[:10]),
        }

    @admin.display(description="state")
    def state_shown(self, verification: Verification) -> str:
        """Where it stands."""
        return pill(verification.state, verification.get_state_display(), level(verification.state))

    @admin.display(description="player")
    def player_shown(self, verification: Verification) -> str:
        """Whose."""
        return change_link("players.player", verification.player_id, verification.player.username)

    @admin.display(description="why")
    def why(self, verification: Verification) -> str:
        """For staff."""
        return verification.staff_reason.replace("-", " ") or NOTHING

    @admin.display(description="since (UTC)")
    def waiting(self, verification: Verification) -> str:
        """When it came to where it is."""
        return f"{verification.changed_at:%Y-%m-%d %H:%M}"

    @staff_action(
        title="Decide",
        permission=DECIDE_PERMISSION,
        form=DecideForm,
        description="Your reason is for staff; the player is told only what to do next.",
        icon="how_to_reg",
        applies=lambda verification: verification.state == State.REVIEW,
    )
    def decide(self, request: HttpRequest, obj: Verification, data: dict[str, Any]) -> str:
        """Decide it."""
        after = decide_review(
            verification_id=obj.pk, decision=data["decision"], note=data["reason"], actor=staff_of(request), now=now()
        )
        return f"Decided: {after.get_state_display().lower()}."


@admin.register(DueDiligence)
class DueDiligenceAdmin(VerificationPage):
    """A player at the threshold, what is still missing, and the money that is locked meanwhile."""

    brand_lookup = "player__brand_id"
    staff_actions = ("propose_release", "propose_refund")
    change_form_template = "staff/verification/due_diligence.html"
    list_display = ("reached_at", "player_shown", "state_shown", "reached", "jurisdiction", "locked")
    list_display_links = ("reached_at",)
    list_filter = ("state", "locks_funds", "jurisdiction")
    list_select_related = ("player",)
    search_fields = ("=player__username",)
    search_help_text = "Username, in full"
    fields = ()
    empty_hint = "No player has reached the threshold of his law. The platform looks every ten seconds."

    def page_context(self, request: HttpRequest, obj: DueDiligence) -> dict[str, Any]:
        """What was reached, what is missing, what was moved."""
        proven = proven_kinds(obj.player_id, now())
        return {
            "diligence": obj,
            "reached": self.reached(obj),
            "window": _span(obj.threshold["window_hours"]),
            "state": self.state_shown(obj),
            "wanted": [(PlayerFact.Kind(kind).label, kind in proven) for kind in CDD_FACTS],
            "counted": [(kind, amount_text(units, currency)) for kind, currency, units in obj.measured["units"]],
            "moves": [(each, amount_text(abs(each.units), each.currency)) for each in obj.moves.all()],
        }

    @admin.display(description="player")
    def player_shown(self, diligence: DueDiligence) -> str:
        """Whose."""
        return change_link("players.player", diligence.player_id, diligence.player.username)

    @admin.display(description="state")
    def state_shown(self, diligence: DueDiligence) -> str:
        """Where it stands."""
        return pill(diligence.state, diligence.get_state_display(), level(diligence.state))

    @admin.display(description="reached")
    def reached(self, diligence: DueDiligence) -> str:
        """What was counted, of what."""
        currency = diligence.threshold["currency"]
        value, limit = (
            Money.parse(str(each), currency) for each in (diligence.measured["value"], diligence.threshold["amount"])
        )
        return f"{amount_text(value.units, currency)} of {amount_text(limit.units, currency)}"

    @admin.display(description="money")
    def locked(self, diligence: DueDiligence) -> str:
        """Whether it may leave."""
        is_locked = diligence.locks_funds and diligence.state in DueDiligence.LOCKING
        return pill("locked", "locked, playable", "warning") if is_locked else NOTHING

    @staff_action(
        title="Propose release",
        permission=PROPOSE_PERMISSION,
        description="A second person has to agree, under Approvals. Only once nothing is missing.",
        icon="lock_open",
        applies=lambda each: each.state == DueDiligence.State.OPEN and each.locks_funds,
    )
    def propose_release(self, request: HttpRequest, obj: DueDiligence, data: dict[str, Any]) -> str:
        """Ask for it."""
        return ask_colleague(
            request, RELEASE_COMMAND, {"due_diligence": obj.pk}, reason=data["reason"], about=obj.player_id
        )

    @staff_action(
        title="Propose refund to source",
        permission=PROPOSE_PERMISSION,
        description="Due diligence has failed: the money goes back where it came from. A second person has to agree.",
        danger=True,
        icon="undo",
        applies=lambda each: each.state == DueDiligence.State.OPEN and each.locks_funds,
    )
    def propose_refund(self, request: HttpRequest, obj: DueDiligence, data: dict[str, Any]) -> str:
        """Ask for it."""
        return ask_colleague(
            request, REFUND_COMMAND, {"due_diligence": obj.pk}, reason=data["reason"], about=obj.player_id
        )


def _span(hours: int) -> str:
    """Say how long in days where it is whole days."""
    return f"{hours // 24} days" if hours >= 48 and hours % 24 == 0 else f"{hours} hours"  # noqa: PLR2004 - two days


def _validity(fact: PlayerFact, at: datetime) -> tuple[str, str]:
    if fact.outcome != PlayerFact.Outcome.CONFIRMED:
        return pill(fact.outcome, fact.get_outcome_display(), level(fact.outcome)), NOTHING
    if fact.valid_to is not None and fact.valid_to <= at:
        return pill("expired", "", "bad"), instant_text(fact.valid_to)
    return pill("confirmed", "", "good"), instant_text(fact.valid_to) if fact.valid_to else "until superseded"
