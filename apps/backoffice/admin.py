"""Registers the pages that see several apps, and replaces what other packages registered."""

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User

from apps.backoffice.models import PersonalDataRead
from apps.backoffice.player_page import PlayerAdmin
from apps.backoffice.round_page import RoundAdmin, RoundVoidAdmin
from apps.backoffice.staff_accounts import RoleAdmin, StaffAccountAdmin, StaffScopeAdmin
from apps.brands.models import StaffScope
from apps.core.admin_base import StaffAdmin
from apps.players.models import Player
from apps.providers.models import Round, RoundVoid

# Stock pages of these show secrets or let whoever may edit one become anybody.
for model in (EmailAddress, EmailConfirmation, Authenticator, User, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.register(User, StaffAccountAdmin)
admin.site.register(Group, RoleAdmin)
admin.site.register(StaffScope, StaffScopeAdmin)
admin.site.register(Player, PlayerAdmin)
admin.site.register(Round, RoundAdmin)
admin.site.register(RoundVoid, RoundVoidAdmin)


@admin.register(PersonalDataRead)
class PersonalDataReadAdmin(StaffAdmin):
    """Who looked at whose personal data, and why."""

    big_table = True
    brand_lookup = "player__brand_id"
    list_display = ("read_at", "user", "player", "purpose", "remote_address")
    list_select_related = ("user", "player")
    search_fields = ("=user__username", "=player__username")
    empty_hint = "Nobody has unmasked personal data yet."


@admin.register(LogEntry)
class LogEntryAdmin(StaffAdmin):
    """Every button that staff pressed."""

    big_table = True
    list_display = ("action_time", "user", "content_type", "object_repr", "said")
    list_select_related = ("user", "content_type")
    list_filter = ("content_type",)
    search_fields = ("=user__username", "object_repr")
    fields = ("action_time", "user", "content_type", "object_id", "object_repr", "said")
    readonly_fields = ("said",)
    empty_hint = "Nobody has pressed a button yet."

    @admin.display(description="what")
    def said(self, entry: LogEntry) -> str:
        """What was done, and the reason given."""
        return entry.get_change_message()
