"""Deciding several of the vendors' changes at once: words, pictures, and games that come in switched off."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.core.admin_actions import reason_field, staff_of
from apps.core.admin_base import brand_scope
from apps.core.clock import now
from apps.integrations.models import Integration
from apps.providers.catalogue import MAX_REASON_LENGTH
from apps.providers.catalogue_changes import MOST_AT_ONCE, SAFE, SAFE_FIELDS, decide_changes
from apps.providers.catalogue_entries import WORDS
from apps.providers.catalogue_models import CatalogueChange
from apps.providers.catalogue_page import compared
from apps.providers.catalogue_sync import PERMISSION
from apps.providers.thumbnails import tile


class DecisionForm(forms.Form):
    """Which, what and why."""

    change = forms.TypedMultipleChoiceField(coerce=int, error_messages={"required": "Choose at least one."})
    decision = forms.ChoiceField(choices=(("accept", "Accept"), ("ignore", "Ignore")))
    reason = reason_field(MAX_REASON_LENGTH, one_line=True)


@admin.site.admin_view
@require_http_methods(["GET", "HEAD", "POST"])
def decide_page(request: HttpRequest) -> HttpResponse:
    """List what may be decided together, narrowed by connection and kind, and decide what is ticked."""
    if not (request.user.has_perm(PERMISSION) and request.user.has_perm("providers.view_cataloguechange")):
        raise PermissionDenied
    rows = _waiting(request)
    listed = list(_narrowed(rows, request)[:MOST_AT_ONCE])
    form = DecisionForm(request.POST or None)
    _choices(form, [each.pk for each in listed])
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        decided = decide_changes(
            change_ids=data["change"], accept=data["decision"] == "accept", reason=data["reason"],
            actor=staff_of(request), now=now(),
        )  # fmt: skip
        messages.success(request, f"{decided.done} decided: {data['decision']}.")
        for words in decided.left[:5]:
            messages.warning(request, words)
        return HttpResponseRedirect(request.get_full_path())
    context = {
        **admin.site.each_context(request),
        "title": "Decide several changes",
        "rows": [(each, tile(each.title, _picture(each)), compared(each)) for each in listed],
        "total": rows.count(),
        "form": form,
        "connections": _connections(request),
        "kinds": [("added", "Added"), *((name, WORDS[name]) for name in SAFE_FIELDS)],
        "chosen": {"integration": request.GET.get("integration", ""), "kind": request.GET.get("kind", "")},
        "all_url": reverse("admin:providers_cataloguechange_changelist"),
    }
    return TemplateResponse(request, "staff/catalogue/decide.html", context, status=400 if form.errors else 200)


def _choices(form: DecisionForm, ids: list[int]) -> None:
    fields: dict[str, Any] = form.fields
    fields["change"].choices = [(pk, pk) for pk in ids]


def _waiting(request: HttpRequest) -> Any:
    rows = CatalogueChange.objects.filter(SAFE, state=CatalogueChange.State.PROPOSED).order_by("kind", "field", "title")
    scope = brand_scope(request.user)
    if scope is not None:
        rows = rows.filter(integration__brand_code__in=scope.codes)
    return rows.select_related("integration", "game", "brand")


def _narrowed(rows: Any, request: HttpRequest) -> Any:
    slug, kind = request.GET.get("integration", ""), request.GET.get("kind", "")
    if slug:
        rows = rows.filter(integration__slug=slug)
    if kind == "added":
        return rows.filter(kind=CatalogueChange.Kind.ADDED)
    return rows.filter(field=kind) if kind else rows


def _connections(request: HttpRequest) -> list[str]:
    rows = Integration.objects.filter(kind=Integration.Kind.GAMES).order_by("slug")
    scope = brand_scope(request.user)
    return list((rows if scope is None else rows.filter(brand_code__in=scope.codes)).values_list("slug", flat=True))


def _picture(change: CatalogueChange) -> str:
    if change.game is not None:
        return change.game.thumbnail_url
    return str((change.after or {}).get("thumbnail_url") or "")
