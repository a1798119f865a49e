"""The base of every admin page: read-only, limited to the person's brands, with buttons instead of editable states."""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib.admin.utils import quote, unquote
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin

from apps.core.admin_actions import ActionPages

# Lists say "1000+" beyond this: nobody pages further, and counting millions of rows costs seconds.
MOST_COUNTED = 1000
_HISTORY_ROWS = 200


@dataclass(frozen=True, slots=True)
class BrandScope:
    """The brands a member of staff may see."""

    ids: frozenset[int]
    codes: frozenset[str]


def brand_scope(user: Any) -> BrandScope | None:
    """
    Return the brands that `user` may see; None means all of them (superusers).

    The rows are `brands.StaffScope`, reached through the user they hang on: this module stands below `brands`.
    """
    if user.is_superuser:
        return None
    if isinstance(user, AnonymousUser):
        return BrandScope(frozenset(), frozenset())
    known = cast("BrandScope | None", getattr(user, "_brand_scope", None))
    if known is None:
        rows = list(user.brand_scopes.values_list("brand_id", "brand__code"))
        known = BrandScope(frozenset(row[0] for row in rows), frozenset(row[1] for row in rows))
        user._brand_scope = known  # noqa: SLF001 - remembered for this request only
    return known


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages over at most `MOST_COUNTED` rows; whoever looks for older ones filters or searches."""

    @cached_property
    def count(self) -> int:
        """Rows, counted no further than the bound."""
        rows = cast("QuerySet[Any]", self.object_list)
        return len(rows.order_by().values_list("pk", flat=True)[:MOST_COUNTED])

    @property
    def is_cut(self) -> bool:
        """Whether there may be more rows than are shown."""
        return self.count >= MOST_COUNTED


class StaffAdmin(ActionPages, ModelAdmin):  # type: ignore[misc] # Unfold's bases disagree among themselves
    """
    One kind of record on the staff site.

    Nobody adds, changes or deletes here, superusers included; a subclass that lets them says so by overriding the
    `has_*_permission` methods. What staff may do are `staff_actions`, each with its own permission.
    """

    actions = ()
    brand_lookup = ""
    """Query path to the brand's id; rows of other brands do not exist for the person."""
    brand_code_lookup = ""
    """The same where a row knows only the brand's code."""
    big_table = False
    """The table may hold millions of rows: never count it, never sort it by anything but its key."""
    list_per_page = 50
    list_max_show_all = 0
    list_fullwidth = True
    list_filter_sheet = False
    change_form_template = "staff/change_form.html"
    empty_hint = ""
    """What to do when the list is empty."""
    compressed_fields = True

    def __init__(self, model: type[Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        if self.big_table:
            # Django reads both from the instance as well as from the class.
            vars(self).update(show_full_result_count=False, paginator=BoundedPaginator)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """
        Refuse what no filter offers.

        Django lets any column of the list be asked for by URL. Then who may not see an e-mail address, a token or the
        reason of a hold could guess it, letter by letter, from which rows are left.
        """
        return lookup.split("__", maxsplit=1)[0] in self._offered(request) and super().lookup_allowed(
            lookup, value, request
        )

    def _offered(self, request: HttpRequest) -> set[str]:
        """What the filters of the list are called in its address."""
        filters = [each[0] if isinstance(each, tuple) else each for each in self.get_list_filter(request)]
        names = {each if isinstance(each, str) else getattr(each, "parameter_name", "") or "" for each in filters}
        return {name.split("__", maxsplit=1)[0] for name in names}

    # Who may what

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: records come from operations."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: records change by operations."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out other brands' rows."""
        rows: QuerySet[Any] = super().get_queryset(request)
        scope = brand_scope(request.user)
        if scope is None:
            return rows
        if self.brand_lookup:
            rows = rows.filter(**{f"{self.brand_lookup}__in": scope.ids})
        if self.brand_code_lookup:
            rows = rows.filter(**{f"{self.brand_code_lookup}__in": scope.codes})
        return rows

    # Pages

    def get_urls(self) -> list[URLPattern]:
        """Add a path for each button, and a history that can be read only."""
        meta = self.model._meta
        site: Any = self.admin_site
        buttons = [
            path(
                f"<path:object_id>/do/{action.name}/",
                site.admin_view(self.action_view(action)),
                name=f"{meta.app_label}_{meta.model_name}_{action.name}",
            )
            for action in self.actions_of_page()
        ]
        versions = path("<path:object_id>/history/<int:version>/", site.admin_view(self.history_form_view))
        urls: list[URLPattern] = super().get_urls()
        return [*buttons, versions, *urls]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Leave out the link to “all” of a list that is counted no further than its bound."""
        changelist: Any = super().get_changelist_instance(request)
        if self.big_table:
            changelist.full_result_count = changelist.result_count
            changelist.show_full_result_count = True
        return changelist

    def page_of(self, obj: Model) -> str:
        """Where a person looks at `obj`."""
        meta = obj._meta
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(obj.pk)])

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Refuse a post by whoever may not change anything, before Unfold looks for actions in it (trap T4)."""
        if request.method == "POST":
            allowed = self.has_change_permission(request) if object_id else self.has_add_permission(request)
            if not allowed:
                raise PermissionDenied
        return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        change: bool = False,  # noqa: FBT001, FBT002 - likewise
        form_url: str = "",
        obj: Any | None = None,
    ) -> HttpResponse:
        """Put the buttons on the page."""
        if obj is not None:
            context["staff_actions"] = self.offered_actions(request, obj)
            context["has_history"] = hasattr(self.model, "history")
            context.update(self.page_context(request, obj))
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """More for the template of one object's page."""
        return {}

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who changed what, when and why. It can be read, never written back: that would be an operation."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "History",
            "subtitle": str(obj),
            "opts": self.opts,
            "original": obj,
            "back_url": self.page_of(obj),
            "versions": versions_of(obj),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "staff/history.html", context)

    def history_form_view(self, request: HttpRequest, object_id: str, version: int) -> HttpResponse:
        """One version, on the history page. Whoever posts here is refused: the stock page would restore it."""
        return self.history_view(request, object_id)


def versions_of(obj: Any) -> list[dict[str, Any]]:
    """List the kept versions of `obj`, newest first, each with what it changed."""
    if not hasattr(obj, "history"):
        return []
    rows = list(obj.history.select_related("history_user").order_by("-history_date", "-history_id")[:_HISTORY_ROWS])
    listed = []
    for row, before in zip(rows, [*rows[1:], None], strict=True):
        changes = row.diff_against(before).changes if before else []
        listed.append(
            {
                "at": row.history_date,
                "by": row.history_user,
                "reason": row.history_change_reason,
                "kind": row.get_history_type_display(),
                "changes": changes,
            }
        )
    return listed
