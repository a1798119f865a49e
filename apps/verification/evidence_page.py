"""Documents and screening hits: opened only with a purpose, which is written down first; and the log of those looks."""

import base64
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget

from apps.compliance.models import ApprovalRequest
from apps.core.admin_actions import ActionForm, reason_field, staff_action, staff_of
from apps.core.admin_display import NOTHING, change_link, pill
from apps.core.client_address import client_address
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.integrations.encryption import UnableToDecrypt
from apps.verification.base_page import VerificationPage, level, masked_words
from apps.verification.file_store import FileMissing
from apps.verification.models import Document, EvidenceRead, ListedEntity, ScreeningHit
from apps.verification.operations import documents, hits


class DocumentForm(ActionForm):
    """Asks what the document is worth, and until when."""

    verdict = forms.ChoiceField(choices=(("accept", "Accept"), ("refuse", "Refuse")), widget=UnfoldAdminSelectWidget())
    valid_to = forms.DateField(
        required=False, widget=UnfoldAdminDateWidget(), help_text="Last day on which it proves anything; empty: no end."
    )
    reason = reason_field(500)


@admin.register(Document)
class DocumentAdmin(VerificationPage):
    """One document. Its bytes are shown by `open` only."""

    brand_lookup = "player__brand_id"
    staff_actions = ("decide",)
    change_form_template = "staff/verification/document.html"
    list_display = ("uploaded_at", "kind", "state_shown", "player_shown", "size", "uploaded_by")
    list_display_links = ("uploaded_at",)
    list_filter = ("state", "kind")
    list_select_related = ("player",)
    search_fields = ("=player__username", "=sha256")
    search_help_text = "Username, or the file's SHA-256, in full"
    fields = ()
    empty_hint = "No documents yet. Players send them to POST /api/v1/verification-documents."

    def get_urls(self) -> list[URLPattern]:
        """Add the logged view."""
        view = self.admin_site.admin_view(self.open_view)
        return [path("<path:object_id>/open/", view, name="verification_document_open"), *super().get_urls()]

    def page_context(self, request: HttpRequest, obj: Document) -> dict[str, Any]:
        """What it is, and who has looked at it."""
        return {
            "document": obj,
            "state": self.state_shown(obj),
            "may_open": request.user.has_perm(documents.OPEN_PERMISSION),
            "reads": list(obj.reads.select_related("user")[:50]),
        }

    def open_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Write down who looks and why, then show the document under a watermark that names him."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        obj = self.get_object(request, unquote(object_id))
        if not (self.has_view_permission(request) and request.user.has_perm(documents.OPEN_PERMISSION)):
            raise PermissionDenied
        if obj is None:
            raise Http404
        at = now()
        try:
            document, content = documents.open_document(
                document_id=obj.pk,
                purpose=request.POST.get("purpose", ""),
                actor=staff_of(request),
                remote_address=client_address(request),
                now=at,
            )
        except DomainError as refusal:
            messages.error(request, refusal.detail or refusal.title)
            return HttpResponseRedirect(self.page_of(obj))
        except (FileMissing, UnableToDecrypt) as broken:
            messages.error(request, f"The file is not what was stored ({type(broken).__name__}). Tell those on call.")
            return HttpResponseRedirect(self.page_of(obj))
        context = {
            **self.admin_site.each_context(request),
            "title": document.get_kind_display(),
            "document": document,
            "data": base64.b64encode(content).decode(),
            "watermark": f"{staff_of(request).get_username()} · {at:%Y-%m-%d %H:%M} UTC",
            "back_url": self.page_of(obj),
        }
        response = TemplateResponse(request, "staff/verification/document_open.html", context)
        response["Cache-Control"] = "no-store, private"
        return response

    @admin.display(description="state")
    def state_shown(self, document: Document) -> str:
        """Whether somebody has decided."""
        return pill(document.state, document.get_state_display(), level(document.state))

    @admin.display(description="player")
    def player_shown(self, document: Document) -> str:
        """Whose."""
        return change_link("players.player", document.player_id, document.player.username)

    @admin.display(description="size")
    def size(self, document: Document) -> str:
        """For people."""
        return f"{document.size_bytes / 1024:,.0f} KB"

    @staff_action(
        title="Decide",
        permission=documents.DECIDE_PERMISSION,
        form=DocumentForm,
        description="Open it first. What is accepted becomes a fact that rests on it.",
        icon="fact_check",
        applies=lambda document: document.state == Document.State.RECEIVED,
    )
    def decide(self, request: HttpRequest, obj: Document, data: dict[str, Any]) -> str:
        """Accept or refuse it."""
        last_day = data["valid_to"]
        after = documents.decide_document(
            document_id=obj.pk,
            accept=data["verdict"] == "accept",
            note=data["reason"],
            valid_to=datetime.combine(last_day, time.max, UTC) if last_day else None,
            actor=staff_of(request),
            now=now(),
        )
        return f"{after.get_state_display()}."


class HitFilter(admin.SimpleListFilter):
    """What has to be reviewed is what one gets unasked."""

    title = "state"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """States, and all of them."""
        return [*ScreeningHit.State.choices, ("all", "Everything")]

    def choices(self, changelist: Any) -> Any:
        """Without Django's "All"."""
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": (self.value() or "open") == value, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of one state; a word that is none shows everything."""
        chosen = self.value() or "open"
        return queryset.filter(state=chosen) if chosen in ScreeningHit.State.values else queryset


@admin.register(ScreeningHit)
class ScreeningHitAdmin(VerificationPage):
    """A player who may be a listed person: what corroborates comes first."""

    brand_lookup = "player__brand_id"
    staff_actions = ("clear", "confirm")
    change_form_template = "staff/verification/hit.html"
    ordering = ("-rank", "id")
    list_display = ("caption", "list_shown", "likeness", "corroborated", "player_shown", "state_shown", "found_at")
    list_filter = (HitFilter, "is_sanction", "source")
    list_select_related = ("player",)
    search_fields = ("=player__username", "=entity_id")
    search_help_text = "Username, or the id on the list, in full"
    fields = ()
    empty_hint = "Nobody has to be reviewed. Players are screened at registration, when something changes, and daily."

    def get_urls(self) -> list[URLPattern]:
        """Add the logged comparison."""
        view = self.admin_site.admin_view(self.compare_view)
        return [path("<path:object_id>/compare/", view, name="verification_screeninghit_compare"), *super().get_urls()]

    def page_context(self, request: HttpRequest, obj: ScreeningHit) -> dict[str, Any]:
        """The listed side, and what was decided; the player's side is masked."""
        return self._context(request, obj, shows_player=False)

    def compare_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Write down who looks and why, then show both sides with the reasons."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        obj = self.get_object(request, unquote(object_id))
        if not (self.has_view_permission(request) and request.user.has_perm(hits.REVIEW_PERMISSION)):
            raise PermissionDenied
        if obj is None:
            raise Http404
        try:
            documents.record_read(
                hit=obj,
                purpose=request.POST.get("purpose", ""),
                actor=staff_of(request),
                remote_address=client_address(request),
                now=now(),
            )
        except DomainError as refusal:
            messages.error(request, refusal.detail or refusal.title)
            return HttpResponseRedirect(self.page_of(obj))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Compare with {obj.caption}",
            "opts": self.opts,
            "original": obj,
            "staff_actions": self.offered_actions(request, obj),
            "back_url": self.page_of(obj),
            **self._context(request, obj, shows_player=True),
        }
        response = TemplateResponse(request, "staff/verification/hit_compare.html", context)
        response["Cache-Control"] = "no-store, private"
        return response

    def _context(self, request: HttpRequest, obj: ScreeningHit, *, shows_player: bool) -> dict[str, Any]:
        player = obj.player
        name, born = f"{player.first_name} {player.last_name}", player.birth_date.isoformat()
        waiting = ApprovalRequest.objects.filter(
            command=hits.CLEAR_COMMAND, payload__hit=obj.pk, state=ApprovalRequest.State.WAITING
        )
        return {
            "hit": obj,
            "state": self.state_shown(obj),
            "sides": [
                ("Name", name if shows_player else masked_words(name), " · ".join(obj.listed["names"])),
                ("Birth date", born if shows_player else f"{born[:4]}-••-••", ", ".join(obj.listed["birth_dates"])),
                ("Country", player.country, ", ".join(obj.listed["countries"])),
                ("Why listed", NOTHING, ", ".join(obj.topics)),
            ],
            "shows_player": shows_player,
            "may_compare": request.user.has_perm(hits.REVIEW_PERMISSION),
            "waits_for_second": waiting.exists(),
            "reviews": list(obj.reviews.select_related("actor", "checker")),
            "reads": list(obj.reads.select_related("user")[:20]),
        }

    @admin.display(description="list")
    def list_shown(self, hit: ScreeningHit) -> str:
        """What kind of list."""
        return pill("sanction", "sanctions", "bad") if hit.is_sanction else pill("pep", "PEP", "warning")

    @admin.display(description="name")
    def likeness(self, hit: ScreeningHit) -> str:
        """How alike the names are."""
        return f"{hit.score:.0%}"

    @admin.display(description="corroborated")
    def corroborated(self, hit: ScreeningHit) -> str:
        """Fields that agree, less those that contradict."""
        return f"{hit.corroboration:+d}"

    @admin.display(description="player")
    def player_shown(self, hit: ScreeningHit) -> str:
        """Whose."""
        return change_link("players.player", hit.player_id, hit.player.username)

    @admin.display(description="state")
    def state_shown(self, hit: ScreeningHit) -> str:
        """Where the review stands."""
        colour = "bad" if hit.state == ScreeningHit.State.CONFIRMED else level(hit.state)
        return pill(hit.state, hit.get_state_display(), colour)

    @staff_action(
        title="Somebody else",
        permission=hits.REVIEW_PERMISSION,
        description="A false positive. For a sanctions list a second person has to agree, under Approvals.",
        icon="person_off",
        applies=lambda hit: hit.state == ScreeningHit.State.OPEN,
    )
    def clear(self, request: HttpRequest, obj: ScreeningHit, data: dict[str, Any]) -> str:
        """Clear it, or ask for a second person."""
        made = hits.clear_hit(hit_id=obj.pk, note=data["reason"], actor=staff_of(request), now=now())
        if isinstance(made, ScreeningHit):
            return "Cleared. It comes back if the player's data or the listing change."
        return "Proposed. It waits under Approvals for a second person."

    @staff_action(
        title="The same person",
        permission=hits.REVIEW_PERMISSION,
        description="The player can not play, deposit or withdraw any more. The case goes to those who decide on it.",
        danger=True,
        icon="gpp_bad",
        applies=lambda hit: hit.state == ScreeningHit.State.OPEN,
    )
    def confirm(self, request: HttpRequest, obj: ScreeningHit, data: dict[str, Any]) -> str:
        """Confirm it."""
        hits.confirm_hit(hit_id=obj.pk, note=data["reason"], actor=staff_of(request), now=now())
        return "Confirmed."


@admin.register(EvidenceRead)
class EvidenceReadAdmin(VerificationPage):
    """Who looked at which document or comparison, and why. It can be read, and nothing else."""

    list_display = ("at", "user", "what", "purpose", "remote_address")
    list_display_links = None
    list_filter = ("user",)
    list_select_related = ("user",)
    fields = ("at", "user", "document", "hit", "purpose", "remote_address", "request_id")
    empty_hint = "Nobody has opened a document or a comparison."

    @admin.display(description="looked at")
    def what(self, read: EvidenceRead) -> str:
        """Which one."""
        if read.document_id:
            return change_link("verification.document", read.document_id, f"document {read.document_id}")
        return change_link("verification.screeninghit", read.hit_id, f"hit {read.hit_id}")


@admin.register(ListedEntity)
class ListedEntityAdmin(VerificationPage):
    """The embedded list."""

    ordering = ("dataset", "entity_id")
    list_display = ("__str__", "dataset", "entity_id", "birth_dates", "countries", "topics", "is_active", "changed_at")
    list_filter = ("dataset", "is_active")
    search_fields = ("=entity_id",)
    search_help_text = "The id on the list, in full"
    fields = (
        "dataset",
        "entity_id",
        "names",
        "birth_dates",
        "countries",
        "topics",
        "details",
        "is_active",
        "changed_at",
    )
    empty_hint = "No list is loaded: manage.py load_screening_list --dataset NAME --file LIST.csv"
