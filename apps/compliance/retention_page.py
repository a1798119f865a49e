"""Staff pages of what is held, erased and handed out."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from apps.compliance.erasure_letter import addressed
from apps.compliance.exports import EXPORT_PERMISSION, download
from apps.compliance.models import DataExport, Erasure, ErasureRequest, LegalHold
from apps.compliance.policies import local_day
from apps.compliance.retention import (
    ERASURE_PERMISSION,
    PLACE_PERMISSION,
    answer_erasure_request,
    ask_to_release,
    retention_of,
    why_kept,
)
from apps.core.admin_actions import ActionForm, ReasonForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, change_link, pill
from apps.core.client_address import client_address
from apps.core.clock import now
from apps.core.errors import DomainError

_STATES = {
    "received": "warning", "refused": "plain", "erased": "good",
    "queued": "warning", "building": "info", "ready": "good", "failed": "bad", "expired": "plain",
}  # fmt: skip


class _OfPlayer(StaffAdmin):
    """What every page about one player's data shares."""

    brand_lookup = "player__brand_id"
    search_fields = ("=player__username",)
    search_help_text = "Username, in full"
    sortable_by = ()
    ordering = ("-pk",)

    @admin.display(description="player")
    def player_shown(self, row: Any) -> str:
        """Whose."""
        return change_link("players.player", row.player_id, row.player.username)

    @admin.display(description="state")
    def state_shown(self, row: Any) -> str:
        """Where it stands."""
        return pill(row.state, row.get_state_display(), _STATES.get(row.state, "plain"))


@admin.register(LegalHold)
class LegalHoldAdmin(_OfPlayer):
    """Nothing about the player is erased while one of these stands."""

    staff_actions = ("release",)
    list_display = ("placed_at", "player_shown", "scope", "owner", "review", "released_at")
    list_filter = (("released_at", admin.EmptyFieldListFilter),)
    list_select_related = ("player", "owner")
    fields = ("player_shown", "scope", "reason", ("owner", "placed_at"), "review_on", ("released_by", "released_at"),
              "release_reason")  # fmt: skip
    readonly_fields = ("player_shown",)
    empty_hint = "Nothing is held. A hold is placed on a player's page."

    @admin.display(description="review")
    def review(self, hold: LegalHold) -> str:
        """When somebody has to look at it again; late ones stand out."""
        if hold.released_at is not None:
            return NOTHING
        day = f"{hold.review_on:%-d %b %Y}"
        return pill("late", f"{day}, late", "bad") if hold.review_on <= now().date() else day

    @staff_action(
        title="Propose to release",
        permission=PLACE_PERMISSION,
        form=ReasonForm,
        description="A colleague decides. Afterwards data past their time are erased.",
        danger=True,
        icon="lock_open",
        applies=lambda hold: hold.released_at is None,
    )
    def release(self, request: HttpRequest, obj: LegalHold, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        asked = ask_to_release(hold_id=obj.pk, maker=staff_of(request), reason=data["reason"], now=now())
        return f"Request {asked.pk} waits for a second person."


@admin.register(ErasureRequest)
class ErasureRequestAdmin(_OfPlayer):
    """A player asks to be forgotten."""

    staff_actions = ("answer_request",)
    change_form_template = "staff/compliance/erasure_request.html"
    list_display = ("received_at", "player_shown", "channel", "state_shown", "due", "delete_on", "answered_by")
    list_filter = ("state",)
    list_select_related = ("player", "answered_by")
    fields = ()
    empty_hint = "Nobody has asked to be forgotten. Such a request is recorded on the player's page."

    @admin.display(description="answer due")
    def due(self, row: ErasureRequest) -> str:
        """By when the law wants an answer."""
        if row.answered_at is not None:
            return NOTHING
        day = f"{row.due_at:%-d %b %Y}"
        return pill("late", f"{day}, late", "bad") if row.due_at <= now() else day

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErasureRequest]:
        """With the player's jurisdiction, in one query."""
        return super().get_queryset(request).select_related("player__brand", "player__jurisdiction", "recorded_by")

    def page_context(self, request: HttpRequest, obj: ErasureRequest) -> dict[str, Any]:
        """What would be answered, or was."""
        at = now()
        kept = retention_of(obj.player, now=at)
        return {
            "asked": obj,
            "state": self.state_shown(obj),
            "letter": addressed(obj.answer, obj.player),
            "player_link": self.player_shown(obj),
            "kept": kept,
            "why_kept": why_kept(obj.player, kept, at),
            "today": local_day(obj.player.jurisdiction_id, at),
        }

    @staff_action(
        title="Answer now",
        permission=ERASURE_PERMISSION,
        form=ActionForm,
        description="Erases what nothing keeps any more; else writes the letter that says which law keeps it.",
        danger=True,
        icon="outgoing_mail",
        applies=lambda row: row.state == ErasureRequest.State.RECEIVED,
    )
    def answer_request(self, request: HttpRequest, obj: ErasureRequest, data: dict[str, Any]) -> str:
        """Erase or explain."""
        done = answer_erasure_request(request_id=obj.pk, actor=staff_of(request), now=now())
        return "Erased." if done.state == ErasureRequest.State.ERASED else "Answered; send the letter below."


@admin.register(Erasure)
class ErasureAdmin(_OfPlayer):
    """Players whose personal data were removed."""

    list_display = ("erased_at", "player_shown", "due_on", "actor", "rows")
    list_select_related = ("player",)
    fields = ("player_shown", "due_on", "erased_at", "actor", "rows", "policy")
    readonly_fields = ("player_shown", "rows", "policy")
    empty_hint = "Nobody's data have been erased yet. It happens by itself on the day the law lets go."

    @admin.display(description="rows changed")
    def rows(self, erasure: Erasure) -> str:
        """How much of what."""
        said = [f"{name.replace('_', ' ')} {count}" for name, count in sorted(erasure.counts.items()) if count]
        return ", ".join(said) or NOTHING

    @admin.display(description="rule")
    def policy(self, erasure: Erasure) -> str:
        """Which published version let go of them."""
        return change_link(
            "compliance.policyversion", erasure.policy_version_id, f"version {erasure.policy_version_id}"
        )


@admin.register(DataExport)
class DataExportAdmin(_OfPlayer):
    """Everything about one player, for the player."""

    change_form_template = "staff/compliance/data_export.html"
    list_display = ("asked_at", "player_shown", "purpose", "state_shown", "progress", "size", "asked_by", "fetch")
    list_filter = ("state",)
    list_select_related = ("player", "asked_by")
    fields = ()
    empty_hint = "No export has been asked for. That is done on the player's page."

    def get_urls(self) -> list[URLPattern]:
        """Add the way to the file."""
        view = self.admin_site.admin_view(self.download_page)
        return [path("<int:export_id>/file/", view, name="compliance_dataexport_file"), *super().get_urls()]

    @admin.display(description="progress")
    def progress(self, export: DataExport) -> str:
        """How far it is."""
        if export.state != DataExport.State.BUILDING:
            return NOTHING
        return format_html(
            '<progress max="{}" value="{}"></progress> {}/{}',
            export.parts, export.parts_done, export.parts_done, export.parts,
        )  # fmt: skip

    @admin.display(description="size")
    def size(self, export: DataExport) -> str:
        """In kilobytes."""
        return f"{export.size_bytes / 1024:,.0f} kB" if export.size_bytes else NOTHING

    @admin.display(description="file")
    def fetch(self, export: DataExport) -> str:
        """Open the page with the button: the file comes by POST only."""
        return "on its page" if export.state == DataExport.State.READY else NOTHING

    def page_context(self, request: HttpRequest, obj: DataExport) -> dict[str, Any]:
        """State, file, and who took it."""
        may = request.user.has_perm(EXPORT_PERMISSION) and obj.state == DataExport.State.READY
        return {
            "export": obj,
            "state": self.state_shown(obj),
            "player_link": self.player_shown(obj),
            "progress": self.progress(obj),
            "size": self.size(obj),
            "file_url": reverse("admin:compliance_dataexport_file", args=[obj.pk]) if may else "",
            "downloads": list(obj.downloads.select_related("user")),
            "is_running": obj.state in (DataExport.State.QUEUED, DataExport.State.BUILDING),
        }

    def download_page(self, request: HttpRequest, export_id: int) -> HttpResponse:
        """Hand the file out, by POST, with a record."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            content = download(
                export_id=export_id, actor=staff_of(request), remote_address=client_address(request), now=now()
            )
        except DomainError as refusal:
            self.message_user(request, refusal.detail or refusal.title, level="ERROR")
            return HttpResponseRedirect(reverse("admin:compliance_dataexport_changelist"))
        reply = HttpResponse(content, content_type="application/zip")
        reply["Content-Disposition"] = f'attachment; filename="export-{export_id}.zip"'
        reply["Cache-Control"] = "no-store"
        return reply
