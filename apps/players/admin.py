"""Pages of log-in attempts and status changes. A player's own page is in the back-office, which sees every app."""

from django.contrib import admin

from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import pill
from apps.players.models import LoginAttempt, StatusChange


@admin.register(StatusChange)
class StatusChangeAdmin(StaffAdmin):
    """Why a player's status is what it is. Append-only."""

    big_table = True
    brand_lookup = "player__brand_id"
    list_display = ("changed_at", "player", "from_status", "became", "restrictions", "reason_code", "actor")
    list_filter = ("to_status", "reason_code")
    list_select_related = ("player",)
    search_fields = ("=player__username", "=actor")
    sortable_by = ()
    empty_hint = "No player's status has changed yet."

    @admin.display(description="to status")
    def became(self, change: StatusChange) -> str:
        """The new status."""
        return pill(change.to_status)


@admin.register(LoginAttempt)
class LoginAttemptAdmin(StaffAdmin):
    """Each try of a player to log in. Append-only but for erasure."""

    big_table = True
    brand_lookup = "brand_id"
    list_display = ("attempted_at", "brand", "username", "outcome", "remote_address")
    list_filter = ("brand", "outcome")
    list_select_related = ("brand",)
    search_fields = ("=username", "=remote_address")
    sortable_by = ()
    empty_hint = "Nobody has tried to log in yet."
