"""Staff pages of catalogue synchronisation: runs, and the differences that wait for a decision."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.admin_actions import staff_action, staff_of
from apps.core.admin_base import StaffAdmin, brand_scope
from apps.core.admin_display import NOTHING, change_link, duration_text, pill, plain_text, trace_link
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.integrations.models import Integration
from apps.providers.admin_forms import SwitchForm
from apps.providers.catalogue_changes import SAFE, decide_change
from apps.providers.catalogue_diff import RTP, RTP_IN_PLAY
from apps.providers.catalogue_entries import WORDS
from apps.providers.catalogue_models import CatalogueChange, CatalogueSync
from apps.providers.catalogue_sync import PERMISSION, request_sync
from apps.providers.list_registry import lister_of
from apps.providers.thumbnails import tile

_State = CatalogueSync.State
_SYNC_LEVELS = {"waiting": "info", "running": "info", "done": "good", "refused": "bad", "failed": "bad"}
_CHANGE_LEVELS = {
    "proposed": "warning", "applied": "info", "accepted": "good", "ignored": "plain", "overtaken": "plain",
}  # fmt: skip
_KIND_LEVELS = {"added": "good", "changed": "info", "withdrawn": "bad", "returned": "good"}
_SHORT = 60
_LONG_COLUMNS = ("listed_codes", "unread_entries")


class FetchForm(forms.Form):
    """Whose list to fetch."""

    integration = forms.IntegerField()


@admin.register(CatalogueSync)
class CatalogueSyncAdmin(StaffAdmin):
    """One fetch of a vendor's game list."""

    brand_code_lookup = "integration__brand_code"
    staff_actions = ("take_short",)
    change_form_template = "staff/catalogue/sync.html"
    change_list_template = "staff/catalogue/syncs.html"
    list_display = ("requested_at", "integration", "shown_state", "games", "unread", "proposed", "applied", "problem")
    list_display_links = ("requested_at",)
    list_filter = ("state", "integration")
    list_select_related = ("integration",)
    fields = (
        ("integration", "shown_state"), ("requested_at", "requested_by"), ("started_at", "ended_at"), "took",
        ("games", "unread"), ("proposed", "applied"), "problem", ("may_be_short", "reason"), "shown_digest", "exchange",
        "changes_found",
    )  # fmt: skip
    readonly_fields = ("shown_state", "took", "shown_digest", "exchange", "changes_found")
    empty_hint = "No list has been fetched yet. Every night each vendor is asked for his; fetch one now above."

    @admin.display(description="state", ordering="state")
    def shown_state(self, sync: CatalogueSync) -> str:
        """How it went."""
        return sync_pill(sync)

    @admin.display(description="took")
    def took(self, sync: CatalogueSync) -> str:
        """From its start to its end."""
        if sync.started_at is None or sync.ended_at is None:
            return NOTHING
        return duration_text(int((sync.ended_at - sync.started_at).total_seconds() * 1_000_000))

    @admin.display(description="SHA-256 of the answer")
    def shown_digest(self, sync: CatalogueSync) -> str | SafeString:
        """In hex; may be broken where the page is narrow."""
        return format_html('<span class="mono break">{}</span>', sync.digest) if sync.digest else NOTHING

    @admin.display(description="exchange with the vendor")
    def exchange(self, sync: CatalogueSync) -> str:
        """The list as it came."""
        return trace_link(sync.exchange_id)

    @admin.display(description="differences")
    def changes_found(self, sync: CatalogueSync) -> str | SafeString:
        """What it found."""
        count = sync.changes.count()
        return change_list_link(f"sync__id__exact={sync.pk}", f"{count} found") if count else NOTHING

    def get_queryset(self, request: HttpRequest) -> QuerySet[CatalogueSync]:
        """Leave long columns out of lists; the page of a run reads them when it needs them."""
        return super().get_queryset(request).defer(*_LONG_COLUMNS)

    def get_urls(self) -> list[URLPattern]:
        """Add the button above the list."""
        view = self.admin_site.admin_view(self.fetch_view)
        return [path("fetch/", view, name="providers_cataloguesync_fetch"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Put the vendors that have a list above the runs."""
        context = {
            **(extra_context or {}),
            "sources": _sources(request),
            "may_fetch": request.user.has_perm(PERMISSION),
        }
        return super().changelist_view(request, context)

    def fetch_view(self, request: HttpRequest) -> HttpResponse:
        """Have one list fetched."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = FetchForm(request.POST)
        chosen = _connections(request).filter(pk=form.cleaned_data["integration"]).first() if form.is_valid() else None
        if chosen is None:
            raise PermissionDenied
        back = HttpResponseRedirect(reverse("admin:providers_cataloguesync_changelist"))
        try:
            sync = request_sync(integration_id=chosen.pk, actor=staff_of(request), now=now())
        except DomainError as refusal:
            messages.error(request, refusal.detail or refusal.title)
            return back
        self.log_addition(request, sync, "Fetch the list")
        messages.success(request, f"The list of {chosen.slug} is being fetched. Look again in some seconds.")
        return back

    @staff_action(
        title="Take a short list",
        permission=PERMISSION,
        form=SwitchForm,
        description="The list is fetched anew. Games missing from it are withdrawn at once, however many they are.",
        danger=True,
        icon="content_cut",
        applies=lambda sync: sync.state == _State.REFUSED,
    )
    def take_short(self, request: HttpRequest, obj: CatalogueSync, data: dict[str, Any]) -> str:
        """Fetch it again, and believe it."""
        request_sync(
            integration_id=obj.integration_id, actor=staff_of(request), now=now(), may_be_short=True,
            reason=data["reason"],
        )  # fmt: skip
        return "The list is being fetched, and will be taken as it is."


@admin.register(CatalogueChange)
class CatalogueChangeAdmin(StaffAdmin):
    """One difference between a vendor's list and the catalogue."""

    brand_code_lookup = "integration__brand_code"
    staff_actions = ("accept", "ignore")
    change_form_template = "staff/catalogue/change.html"
    change_list_template = "staff/catalogue/changes.html"
    list_display = (
        "picture", "title", "shown_kind", "shown_field", "shown_before", "shown_after", "integration", "shown_state",
        "found_at",
    )  # fmt: skip
    list_display_links = ("title",)
    list_filter = ("state", "kind", "field", "integration", "sync")
    list_select_related = ("integration", "game", "brand")
    search_fields = ("title", "code")
    fields = (
        ("title", "code"), ("shown_kind", "shown_field"), ("integration", "brand"), "catalogued", "sync",
        ("shown_state", "found_at"), ("decided_by", "decided_at"), "reason",
    )  # fmt: skip
    readonly_fields = ("shown_kind", "shown_field", "shown_state", "catalogued")
    empty_hint = "Nothing differs. The lists are compared every night, and when somebody fetches one."

    def get_list_filter(self, request: HttpRequest) -> Any:
        """A run is chosen by its own page; as a filter it would only be a long list."""
        return self.list_filter if "sync__id__exact" in request.GET else self.list_filter[:-1]

    @admin.display(description="")
    def picture(self, change: CatalogueChange) -> SafeString:
        """What the game looks like."""
        listed = change.after.get("thumbnail_url") if change.kind == "added" and change.after else ""
        return tile(change.title, change.game.thumbnail_url if change.game else listed or "")

    @admin.display(description="kind", ordering="kind")
    def shown_kind(self, change: CatalogueChange) -> str:
        """What has happened."""
        where = f" at {change.brand.name}" if change.brand else ""
        return pill(change.kind, f"{change.get_kind_display()}{where}", _KIND_LEVELS[change.kind])

    @admin.display(description="what", ordering="field")
    def shown_field(self, change: CatalogueChange) -> str:
        """Which fact of the game."""
        return WORDS.get(change.field, change.field) or NOTHING

    @admin.display(description="before")
    def shown_before(self, change: CatalogueChange) -> str:
        """In short."""
        return NOTHING if change.kind == "added" else shown_value(change.field, change.before)[:_SHORT]

    @admin.display(description="after")
    def shown_after(self, change: CatalogueChange) -> str:
        """In short."""
        if change.kind == "added":
            return str((change.after or {}).get("studio") or NOTHING)[:_SHORT]
        return shown_value(change.field, change.after)[:_SHORT]

    @admin.display(description="state", ordering="state")
    def shown_state(self, change: CatalogueChange) -> str:
        """Where it stands."""
        return pill(change.state, change.get_state_display(), _CHANGE_LEVELS[change.state])

    @admin.display(description="in the catalogue")
    def catalogued(self, change: CatalogueChange) -> str | SafeString:
        """The game, if it is known."""
        return change_link("providers.game", change.game_id, str(change.game)) if change.game else NOTHING

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Offer to decide several at once."""
        context = {**(extra_context or {}), "may_decide": request.user.has_perm(PERMISSION)}
        return super().changelist_view(request, context)

    def page_context(self, request: HttpRequest, obj: CatalogueChange) -> dict[str, Any]:
        """Before and after, side by side, and whether it is one of those decided with care."""
        return {
            "rows": compared(obj),
            "tile": self.picture(obj),
            "is_safe": CatalogueChange.objects.filter(SAFE, pk=obj.pk).exists(),
        }

    @staff_action(
        title="Accept",
        permission=PERMISSION,
        form=SwitchForm,
        description="The catalogue takes the vendor's word. A game that comes in is off until somebody switches it on.",
        icon="check",
        applies=lambda change: change.state == CatalogueChange.State.PROPOSED,
    )
    def accept(self, request: HttpRequest, obj: CatalogueChange, data: dict[str, Any]) -> str:
        """Take it over."""
        decide_change(change_id=obj.pk, accept=True, reason=data["reason"], actor=staff_of(request), now=now())
        return f"{obj.title}: accepted."

    @staff_action(
        title="Ignore",
        permission=PERMISSION,
        form=SwitchForm,
        description="The catalogue stays as it is. The vendor's list will not ask again until it says something else.",
        icon="close",
        applies=lambda change: change.state == CatalogueChange.State.PROPOSED,
    )
    def ignore(self, request: HttpRequest, obj: CatalogueChange, data: dict[str, Any]) -> str:
        """Leave it."""
        decide_change(change_id=obj.pk, accept=False, reason=data["reason"], actor=staff_of(request), now=now())
        return f"{obj.title}: ignored."


def sync_pill(sync: CatalogueSync) -> str:
    """How a run went; a list that was taken in part is no good news."""
    if sync.state == _State.DONE and sync.unread:
        return pill("partly", f"Compared, {sync.unread} unread", "warning")
    return pill(sync.state, sync.get_state_display(), _SYNC_LEVELS[sync.state])


def shown_value(field: str, value: Any) -> str:
    """One value for people: returns in per cent, lists with commas, nothing as a dash."""
    if field in (RTP, RTP_IN_PLAY, "rtp_basis_points"):
        values = value if isinstance(value, list) else [value]
        return ", ".join(f"{each / 100:.2f} %" for each in values if each is not None) or NOTHING
    if field == "currencies" and value == []:
        return "every currency"
    return plain_text(value) if value != [] else "none"


def compared(change: CatalogueChange) -> list[tuple[str, str, str]]:
    """Rows of the comparison: what, before, after."""
    if change.kind == CatalogueChange.Kind.ADDED:
        said = dict(change.after or {})
        names = [name for name in said if said[name] not in (None, "") and name != "code"]
        words = {**WORDS, "rtp_basis_points": "Return to player"}
        return [(words.get(name, name), NOTHING, shown_value(name, said[name])) for name in names]
    word = WORDS.get(change.field) or ("Withdrawn on" if change.brand_id is None else "At the brand")
    return [(word, shown_value(change.field, change.before), shown_value(change.field, change.after))]


def change_list_link(query: str, text: str) -> SafeString:
    """Link to the list of changes, filtered."""
    url = reverse("admin:providers_cataloguechange_changelist")
    return format_html('<a class="staff-link" href="{}?{}">{}</a>', url, query, text)


def _connections(request: HttpRequest) -> Any:
    rows = Integration.objects.filter(kind=Integration.Kind.GAMES).order_by("slug")
    scope = brand_scope(request.user)
    return rows if scope is None else rows.filter(brand_code__in=scope.codes)


def _sources(request: HttpRequest) -> list[dict[str, Any]]:
    """Each connection with its last run; two queries."""
    rows = list(_connections(request))
    newest = CatalogueSync.objects.filter(integration__in=rows).order_by("integration_id", "-pk")
    newest = newest.distinct("integration_id").defer(*_LONG_COLUMNS)
    last = {each.integration_id: each for each in newest}
    return [
        {
            "integration": each,
            "has_list": lister_of(each.vendor) is not None,
            "last": (run := last.get(each.pk)),
            "state": sync_pill(run) if run else NOTHING,
            "is_busy": run is not None and run.state in CatalogueSync.UNDER_WAY,
        }
        for each in rows
    ]
