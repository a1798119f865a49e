"""The list of rounds, and the page that tells one round's story and offers what may be done to it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from apps.backoffice.trace import trace_of_round
from apps.compliance.approvals_page import VIEW_PERMISSION as VIEW_APPROVALS
from apps.core.admin_actions import ReasonForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, amount_text, pill
from apps.core.clock import now
from apps.core.money import Money, MoneyError
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.incomplete_rounds import standings_of
from apps.providers.models import Game, Round, RoundEvent
from apps.providers.resettling import LONGEST_REFERENCE, Correction, propose_resettling, resettlings_of
from apps.providers.round_voids import is_voidable, proposals_about, propose_void
from apps.providers.rounds import answer_late_result, close_round, late_results

_ASKED = "Asked. A colleague has to agree now; see Approvals."


class ResettleForm(ReasonForm):
    """Asks what the round should have paid, and on whose word."""

    right_win = forms.CharField(
        label="Right win",
        max_length=30,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text="What the round should have paid in all, in main units of its currency: 12.50. 0 if it lost.",
    )
    reference = forms.CharField(
        label="Vendor's reference",
        max_length=LONGEST_REFERENCE,
        widget=UnfoldAdminTextInputWidget(),
        help_text="The vendor's own id of the correction, ticket or report.",
    )
    evidence = forms.CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Where the vendor's log or message is kept.",
    )
    takes_what_is_there = forms.BooleanField(
        label="Take what is there",
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text="If the player has less than is to be taken back: take that and let the rest go. Otherwise it waits.",
    )
    field_order = ("right_win", "reference", "evidence", "takes_what_is_there", "reason")

    def clean_right_win(self) -> Money:
        """An exact amount, not below zero."""
        if not isinstance(self.target, Round):
            raise forms.ValidationError("There is no round.")
        try:
            amount = Money.parse(self.cleaned_data["right_win"].strip(), self.target.currency)
        except MoneyError as error:
            raise forms.ValidationError(f"That is no amount in {self.target.currency}.") from error
        if amount.units < 0:
            raise forms.ValidationError("A win is not below zero.")
        return amount


def _is_open(found: Round) -> bool:
    return found.state == Round.State.OPEN


class RoundAdmin(StaffAdmin):
    """One round of a game. Written by the posting functions only."""

    big_table = True
    brand_lookup = "brand_id"
    staff_actions = ("close", "propose", "resettle", "answer")
    change_form_template = "staff/round.html"
    list_display = (
        "opened_at",
        "game",
        "integration",
        "player",
        "state_shown",
        "staked_shown",
        "won_shown",
        "external_id",
    )
    list_filter = ("state", "currency")
    ordering = ("-id",)
    sortable_by = ()
    fields = ()
    empty_hint = "No round has been played yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Round]:
        """With the names of game, vendor and player, in one query."""
        game = Game.objects.filter(pk=OuterRef("game_id")).values("title")[:1]
        integration = Integration.objects.filter(pk=OuterRef("integration_id")).values("slug")[:1]
        player = Player.objects.filter(pk=OuterRef("player_id")).values("username")[:1]
        rows: QuerySet[Round] = super().get_queryset(request)
        return rows.annotate(
            game_title=Subquery(game), integration_slug=Subquery(integration), player_name=Subquery(player)
        )

    def page_context(self, request: HttpRequest, obj: Round) -> dict[str, Any]:
        """Every call of the round, what becomes of it, and what people have asked for."""
        events = RoundEvent.objects.filter(round_id=obj.pk).select_related("policy").order_by("pk")
        return {
            "round": obj,
            "game_title": getattr(obj, "game_title", ""),
            "player_name": getattr(obj, "player_name", ""),
            "standing": standings_of([obj])[obj.pk] if _is_open(obj) else None,
            "resolutions": [each for each in events if each.policy is not None],
            "late": list(late_results().filter(round_id=obj.pk)),
            "steps": trace_of_round(obj.pk, obj.player_id, user=request.user),
            "approvals": [*proposals_about(obj.pk), *resettlings_of(obj.pk)]
            if request.user.has_perm(VIEW_APPROVALS)
            else [],
        }

    @admin.display(description="game")
    def game(self, row: Any) -> str:
        """Its title."""
        return row.game_title or NOTHING

    @admin.display(description="vendor")
    def integration(self, row: Any) -> str:
        """Whose game."""
        return row.integration_slug or NOTHING

    @admin.display(description="player")
    def player(self, row: Any) -> str:
        """Who plays."""
        return row.player_name or NOTHING

    @admin.display(description="state")
    def state_shown(self, row: Round) -> str:
        """Open or not."""
        return pill(row.state, row.get_state_display())

    @admin.display(description="staked")
    def staked_shown(self, row: Round) -> str:
        """Sum of bets."""
        return amount_text(row.staked, row.currency)

    @admin.display(description="won")
    def won_shown(self, row: Round) -> str:
        """Sum of wins."""
        return amount_text(row.won, row.currency)

    @staff_action(
        title="Close round",
        permission="providers.resolve_round",
        description="As it stands: stakes stay staked. A win that the vendor sends later is still paid.",
        danger=True,
        icon="check_circle",
        applies=_is_open,
    )
    def close(self, request: HttpRequest, obj: Round, data: dict[str, Any]) -> str:
        """Close it."""
        close_round(round_id=obj.pk, player_id=obj.player_id, reason=data["reason"], actor=staff_of(request), now=now())
        return f"Round {obj.external_id} is closed."

    @staff_action(
        title="Propose to void",
        permission="providers.resolve_round",
        description="Returns every stake, once a colleague has agreed. A win that comes later is refused.",
        danger=True,
        icon="undo",
        applies=is_voidable,
    )
    def propose(self, request: HttpRequest, obj: Round, data: dict[str, Any]) -> str:
        """Ask for a second person."""
        propose_void(rounds=[obj], reason=data["reason"], maker=staff_of(request), now=now())
        return _ASKED

    @staff_action(
        title="Propose to resettle",
        permission="providers.resolve_round",
        form=ResettleForm,
        description="Corrects what the round paid, once a colleague has agreed: pays the difference, or takes it back.",
        danger=True,
        icon="published_with_changes",
        applies=lambda found: not _is_open(found),
    )
    def resettle(self, request: HttpRequest, obj: Round, data: dict[str, Any]) -> str:
        """Ask for a second person."""
        propose_resettling(
            round_id=obj.pk,
            player_id=obj.player_id,
            correction=Correction(
                right_win=data["right_win"],
                reference=data["reference"],
                evidence=data["evidence"],
                takes_what_is_there=data["takes_what_is_there"],
            ),
            reason=data["reason"],
            maker=staff_of(request),
            now=now(),
        )
        return _ASKED

    @staff_action(
        title="Late result looked at",
        permission="providers.resolve_round",
        description="Moves nothing. Say why what the vendor sent afterwards changes nothing; else resettle.",
        icon="task_alt",
        applies=lambda found: late_results().filter(round_id=found.pk).exists(),
    )
    def answer(self, request: HttpRequest, obj: Round, data: dict[str, Any]) -> str:
        """Take it off the list of what needs a person."""
        answer_late_result(
            round_id=obj.pk, player_id=obj.player_id, reason=data["reason"], actor=staff_of(request), now=now()
        )
        return "Noted in the round's history."
