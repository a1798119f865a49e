"""The list of rounds, the page that tells one round's story, and proposals to void rounds."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.backoffice.trace import trace_of_round
from apps.core.admin_actions import ActionForm, ReasonForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, amount_text, pill, trace_link
from apps.core.clock import now
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.models import Game, Round, RoundVoid
from apps.providers.round_voids import approve_void, propose_void, reject_void
from apps.providers.rounds import close_round


class VoidForm(ReasonForm):
    """Asks which published rule the void follows."""

    policy = forms.CharField(
        max_length=80,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Id of the published void policy, e.g. malfunction-2026-1.",
    )
    field_order = ("policy", "reason")


class NoteForm(ActionForm):
    """Asks the second person for a word."""

    note = forms.CharField(required=False, max_length=300, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))


def _is_open(found: Round) -> bool:
    return found.state == Round.State.OPEN


class RoundAdmin(StaffAdmin):
    """One round of a game. Written by the posting function only."""

    big_table = True
    brand_lookup = "brand_id"
    staff_actions = ("close", "propose")
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
        """Every call of the round."""
        return {
            "round": obj,
            "game_title": getattr(obj, "game_title", ""),
            "player_name": getattr(obj, "player_name", ""),
            "steps": trace_of_round(obj.pk, obj.player_id, user=request.user),
            "voids": RoundVoid.objects.filter(round_id=obj.pk),
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
        form=VoidForm,
        description="Returns every stake, once a colleague has agreed.",
        danger=True,
        icon="undo",
        applies=lambda found: found.state != Round.State.VOIDED and found.won == 0,
    )
    def propose(self, request: HttpRequest, obj: Round, data: dict[str, Any]) -> str:
        """Ask for a second person."""
        propose_void(
            round_id=obj.pk,
            player_id=obj.player_id,
            reason=data["reason"],
            policy=data["policy"],
            actor=staff_of(request),
            now=now(),
        )
        return "Proposed. A colleague decides under Round voids."


class RoundVoidAdmin(StaffAdmin):
    """A proposal to void a round: made by one person, decided by another."""

    brand_lookup = "brand_id"
    staff_actions = ("approve", "reject")
    list_display = ("proposed_at", "round_id", "returns", "state_shown", "proposed_by", "decided_by", "reason")
    list_filter = ("state",)
    list_select_related = ("proposed_by", "decided_by")
    fields = (
        "round_shown", "returns", "state_shown", "policy", "reason", ("proposed_by", "proposed_at"),
        ("decided_by", "decided_at"), "decision_note",
    )  # fmt: skip
    readonly_fields = ("round_shown", "returns", "state_shown")
    empty_hint = "Nobody has proposed to void a round. That is done on the round's page."

    @admin.display(description="round")
    def round_shown(self, void: RoundVoid) -> str:
        """What it is about."""
        return trace_link(void.round_id, f"round {void.round_id}")

    @admin.display(description="stakes to return")
    def returns(self, void: RoundVoid) -> str:
        """As the proposer saw them."""
        return amount_text(void.staked_units, void.currency)

    @admin.display(description="state")
    def state_shown(self, void: RoundVoid) -> str:
        """Decided or not."""
        return pill(void.state, void.get_state_display())

    @staff_action(
        title="Approve",
        permission="providers.approve_round_void",
        form=NoteForm,
        description="Returns every stake to where it came from. Not for whoever proposed it.",
        danger=True,
        icon="task_alt",
        applies=lambda void: void.state == RoundVoid.State.PROPOSED,
    )
    def approve(self, request: HttpRequest, obj: RoundVoid, data: dict[str, Any]) -> str:
        """Agree."""
        approve_void(void_id=obj.pk, note=data["note"], actor=staff_of(request), now=now())
        return f"Round {obj.round_id} is voided and its stakes are returned."

    @staff_action(
        title="Reject",
        permission="providers.approve_round_void",
        form=NoteForm,
        icon="cancel",
        applies=lambda void: void.state == RoundVoid.State.PROPOSED,
    )
    def reject(self, request: HttpRequest, obj: RoundVoid, data: dict[str, Any]) -> str:
        """Disagree."""
        reject_void(void_id=obj.pk, note=data["note"], actor=staff_of(request), now=now())
        return "Rejected; the round stays as it is."
