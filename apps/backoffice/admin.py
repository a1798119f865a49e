"""Registers the pages that see several apps, and replaces what other packages registered."""

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User

from apps.backoffice.models import Download, PersonalDataRead
from apps.backoffice.personal_data import FIELDS
from apps.backoffice.player_page import PlayerAdmin
from apps.backoffice.round_page import RoundAdmin
from apps.backoffice.round_policies_page import RoundPolicyAdmin
from apps.backoffice.staff_accounts import RoleAdmin, StaffAccountAdmin, StaffScopeAdmin
from apps.brands.models import StaffScope
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, change_link
from apps.players.models import Player
from apps.providers.models import Round, RoundPolicy

# Stock pages of these show secrets or let whoever may edit one become anybody.
for model in (EmailAddress, EmailConfirmation, Authenticator, User, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.register(User, StaffAccountAdmin)
admin.site.register(Group, RoleAdmin)
admin.site.register(StaffScope, StaffScopeAdmin)
admin.site.register(Player, PlayerAdmin)
admin.site.register(Round, RoundAdmin)
admin.site.register(RoundPolicy, RoundPolicyAdmin)


@admin.register(PersonalDataRead)
class PersonalDataReadAdmin(StaffAdmin):
    """Who looked at whose personal data, and why."""

    big_table = True
    brand_lookup = "player__brand_id"
    list_display = ("read_at", "user", "player", "what", "purpose", "case_shown", "remote_address")
    list_select_related = ("user", "player")
    search_fields = ("=user__username", "=player__username")
    search_help_text = "Username of the colleague or of the player, in full"
    fields = (
        ("read_at", "user"), ("player", "what"), "purpose", "case_shown", ("remote_address", "request_id"),
        ("chain_number", "hash"), "previous_hash",
    )  # fmt: skip
    readonly_fields = ("what", "case_shown", "chain_number", "hash", "previous_hash")
    empty_hint = "Nobody has unmasked personal data yet."

    @admin.display(description="what was shown")
    def what(self, read: PersonalDataRead) -> str:
        """The fields, in words."""
        return ", ".join(FIELDS.get(name, name) for name in read.fields) or "everything"

    @admin.display(description="case")
    def case_shown(self, read: PersonalDataRead) -> str:
        """The case that the person held."""
        return change_link("compliance.case", read.case_id, f"case {read.case_id}") if read.case_id else "none held"


@admin.register(Download)
class DownloadAdmin(StaffAdmin):
    """Every file that left the staff site: who took it, from where, and what it was."""

    big_table = True
    list_display = ("at", "user", "file_name", "from_page", "purpose", "size", "remote_address")
    list_select_related = ("user",)
    list_filter = ("view",)
    search_fields = ("=user__username", "file_name", "=sha256")
    search_help_text = "Username, part of the file's name, or its SHA-256"
    fields = (
        ("at", "user"), ("file_name", "size"), "purpose", "from_page", "path", "sha256",
        ("remote_address", "request_id"), ("chain_number", "hash"), "previous_hash",
    )  # fmt: skip
    readonly_fields = ("from_page", "size", "chain_number", "hash", "previous_hash")
    empty_hint = (
        "No file has been taken from the staff site yet. Case exports, evidence, access requests, dispute packs and"
        " reconciliation files will be listed here."
    )

    @admin.display(description="from", ordering="view")
    def from_page(self, download: Download) -> str:
        """Which page handed it out, in words."""
        return download.view.partition(":")[2].replace("_", " ") or download.path

    @admin.display(description="size")
    def size(self, download: Download) -> str:
        """In kilobytes."""
        return NOTHING if download.size_bytes is None else f"{download.size_bytes / 1024:,.1f} kB"


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
