"""What all staff pages of safer play share."""

from typing import Any

from django.contrib import admin

from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, change_link


class SaferPlayPage(StaffAdmin):
    """A page whose rows belong to players."""

    brand_lookup = "player__brand_id"
    big_table = True
    ordering = ("-id",)
    sortable_by = ()
    list_select_related = ("player",)
    search_fields = ("=player__username",)
    search_help_text = "Username, in full"

    @admin.display(description="player")
    def player_shown(self, row: Any) -> str:
        """Whose."""
        return change_link("players.player", row.player_id, row.player.username) if row.player_id else NOTHING
