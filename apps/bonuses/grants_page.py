"""Players' bonuses: how far each has come, what counted, how its claim was judged, and who else took the same."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html

from apps.bonuses.links import linked_claims
from apps.bonuses.models import Claim, ClaimCheck, Grant, Wager
from apps.bonuses.operations.endings import CANCEL_PERMISSION, cancel_by_staff
from apps.core.admin_actions import staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, amount_text, pill, plain_text
from apps.core.clock import now
from apps.providers.models import Game

SEE_CHECKS = "bonuses.view_claimcheck"
_LEVELS = {
    "offered": "info", "active": "warning", "completed": "good", "forfeited": "plain", "expired": "plain",
    "cancelled": "bad",
}  # fmt: skip
_SHOWN_WAGERS = 100
_OPEN = ("offered", "active")


def percent_of(grant: Grant) -> int:
    """How much of what is required was wagered, 0 to 100."""
    if not grant.required_units:
        return 100
    return int(grant.progress.counted.units * 100 // grant.required_units)


def _judged(grant: Grant) -> list[tuple[Claim, list[tuple[ClaimCheck, str]]]]:
    """Its claims, each with its checks and what they rest on in words."""
    claims = grant.claims.prefetch_related("checks")
    return [(claim, [(check, _evidence(check)) for check in claim.checks.all()]) for claim in claims]


def _evidence(check: ClaimCheck) -> str:
    found = {name: value for name, value in check.evidence.items() if value not in ("", [], None)}
    return plain_text(found) if found else "nothing found"


@admin.register(Grant)
class GrantAdmin(StaffAdmin):
    """One player's bonus."""

    big_table = True
    ordering = ("-id",)
    sortable_by = ()
    brand_lookup = "brand_id"
    staff_actions = ("cancel",)
    change_form_template = "staff/bonuses/grant.html"
    list_display = (
        "offered_at", "offer_name", "player_shown", "amount", "state_shown", "progress_shown", "ends", "source",
    )  # fmt: skip
    list_display_links = ("offered_at", "offer_name")
    list_filter = ("state", "source", "brand")
    search_fields = ("=player__username", "=public_id")
    search_help_text = "Username or bonus id, in full"
    fields = ()
    empty_hint = "No player has a bonus. They appear here once an offer is open and taken, or a deposit earns one."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Grant]:
        """With the names and the progress, in one query."""
        rows: QuerySet[Grant] = super().get_queryset(request)
        return rows.select_related(
            "player", "brand", "offer", "version", "progress", "given_by", "agreed_by", "deposit"
        )

    def page_context(self, request: HttpRequest, obj: Grant) -> dict[str, Any]:
        """Everything about it, with the checks of its claims for those who may see them."""
        sees_checks = request.user.has_perm(SEE_CHECKS)
        game = Game.objects.filter(pk=OuterRef("game_id")).values("title")
        wagers = Wager.objects.filter(grant=obj).annotate(title=Subquery(game)).order_by("-at", "-id")
        return {
            "grant": obj,
            "state": self.state_shown(obj),
            "percent": percent_of(obj),
            "bonus_units": obj.amount_units + obj.progress.bonus_in_units - obj.progress.bonus_out_units,
            "steps": list(obj.steps.select_related("actor")),
            "wagers": list(wagers[:_SHOWN_WAGERS]),
            "late": list(obj.late_credits.order_by("id")),
            "sees_checks": sees_checks,
            "claims": _judged(obj) if sees_checks else [],
            "linked": linked_claims(obj, now=now()) if sees_checks else [],
        }

    @admin.display(description="offer")
    def offer_name(self, grant: Grant) -> str:
        """Which."""
        return grant.offer.name

    @admin.display(description="player")
    def player_shown(self, grant: Grant) -> str:
        """By name."""
        return grant.player.username

    @admin.display(description="bonus")
    def amount(self, grant: Grant) -> str:
        """The bonus."""
        return amount_text(grant.amount_units, grant.currency)

    @admin.display(description="state")
    def state_shown(self, grant: Grant) -> str:
        """Where it stands."""
        return pill(grant.state, grant.get_state_display(), _LEVELS[grant.state])

    @admin.display(description="wagered")
    def progress_shown(self, grant: Grant) -> str:
        """As a bar."""
        if grant.claimed_at is None:
            return NOTHING
        percent = percent_of(grant)
        return format_html(
            '<span class="grant-progress"><span class="bar-track"><span class="bar bar-info" style="width:{}%"></span>'
            "</span>{} %</span>",
            percent,
            percent,
        )

    @admin.display(description="ends")
    def ends(self, grant: Grant) -> str:
        """When it has to be taken or wagered, or what ended it."""
        due = {"offered": grant.claim_by, "active": grant.wager_by}.get(str(grant.state))
        return f"{due:%Y-%m-%d %H:%M} UTC" if due else grant.end_reason.replace("-", " ")

    @staff_action(
        title="Cancel",
        permission=CANCEL_PERMISSION,
        description="What is left of the bonus goes back to the brand. The player's own money is not touched.",
        danger=True,
        icon="block",
        applies=lambda grant: grant.state in _OPEN,
    )
    def cancel(self, request: HttpRequest, obj: Grant, data: dict[str, Any]) -> str:
        """End it."""
        cancel_by_staff(grant_id=obj.pk, actor=staff_of(request), reason=data["reason"], now=now())
        return "The bonus is cancelled."
