"""A brand's lobby: what comes first and under which category. Saved in one go, and never over a colleague's work."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_safe

from apps.brands.models import Brand
from apps.core.admin_actions import reason_field, staff_of
from apps.core.admin_base import brand_scope
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.integrations.models import Integration
from apps.providers.catalogue import MAX_REASON_LENGTH, SWITCH_PERMISSION
from apps.providers.lobby_order import LONGEST_CATEGORY, arrange_lobby, lobby_version
from apps.providers.models import BrandGame, Game
from apps.providers.thumbnails import tile

_OTHERS_SHOWN = 50


class LobbyForm(forms.Form):
    """What was seen, and why it changes; places and categories are read by game."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput())
    reason = reason_field(MAX_REASON_LENGTH, one_line=True)


@admin.site.admin_view
@require_safe
def lobbies_page(request: HttpRequest) -> HttpResponse:
    """Show the lobby of the person's first brand."""
    _require_view(request)
    brand = _brands(request).first()
    if brand is None:
        context = {**admin.site.each_context(request), "title": "Lobby"}
        return TemplateResponse(request, "staff/catalogue/lobby.html", context)
    return _show(request, brand, LobbyForm(initial={"seen": lobby_version(brand.pk)}))


@admin.site.admin_view
@require_http_methods(["GET", "HEAD", "POST"])
def lobby_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show a brand's lobby, and save how it was arranged."""
    _require_view(request)
    brand = _brands(request).filter(code=code).first()
    if brand is None:
        raise Http404
    if request.method == "POST" and not request.user.has_perm(SWITCH_PERMISSION):
        raise PermissionDenied
    form = LobbyForm(request.POST or None, initial={"seen": lobby_version(brand.pk)})
    if request.method == "POST" and form.is_valid() and _save(request, brand, form):
        return HttpResponseRedirect(request.get_full_path())
    return _show(request, brand, form)


def _show(request: HttpRequest, brand: Brand, form: LobbyForm) -> HttpResponse:
    games, search = _games(brand), request.GET.get("q", "").strip()[:80]
    # What a brand has put behind all others stands among them here.
    others = games.filter(position__gte=0)
    if search:
        others = others.filter(Q(title__icontains=search) | Q(studio__name__icontains=search))
    context = {
        **admin.site.each_context(request),
        "title": f"Lobby of {brand.name}",
        "brand": brand,
        "brands": _brands(request),
        "placed": _rows(games.filter(position__lt=0), request, is_placed=True),
        "others": _rows(others[:_OTHERS_SHOWN], request),
        "others_count": others.count(),
        "search": search,
        "form": form,
        "may_arrange": request.user.has_perm(SWITCH_PERMISSION),
        "categories": _categories(brand),
        "longest": LONGEST_CATEGORY,
    }
    return TemplateResponse(request, "staff/catalogue/lobby.html", context, status=400 if form.errors else 200)


def _save(request: HttpRequest, brand: Brand, form: LobbyForm) -> bool:
    try:
        places, categories = _posted(request)
        changed = arrange_lobby(
            brand_id=brand.pk, places=places, categories=categories, seen=form.cleaned_data["seen"],
            reason=form.cleaned_data["reason"], actor=staff_of(request), now=now(),
        )  # fmt: skip
    except DomainError as refusal:
        form.add_error(None, refusal.detail or f"{refusal.title}. Load the page anew.")
        return False
    except ValueError:
        form.add_error(None, "A place is a whole number from 1 on.")
        return False
    messages.success(request, f"The lobby is saved: {changed} games stand differently.")
    return True


def _posted(request: HttpRequest) -> tuple[dict[int, int | None], dict[int, str]]:
    """
    Places and categories by game.

    :raises ValueError: if one is no number
    """
    places: dict[int, int | None] = {}
    categories: dict[int, str] = {}
    for name, value in request.POST.items():
        what, _, pk = name.partition("-")
        if what == "place":
            text = str(value).strip()
            if text and not 1 <= int(text) <= 1_000_000:  # noqa: PLR2004 - far beyond any lobby
                raise ValueError(text)
            places[int(pk)] = int(text) if text else None
        elif what == "category":
            categories[int(pk)] = str(value)
    return places, categories


def _games(brand: Brand) -> QuerySet[Any]:
    """Games that the brand can get, in the order of its lobby."""
    own = BrandGame.objects.filter(brand=brand, game=OuterRef("pk"))
    vendors = Integration.objects.filter(kind=Integration.Kind.GAMES, brand_code=brand.code).values("vendor")
    rows = Game.objects.filter(vendor__in=vendors).exclude(platforms=[]).select_related("studio")
    return rows.annotate(
        position=Coalesce(Subquery(own.values("position")), 0),
        own_category=Subquery(own.values("category")),
        own_switch=Subquery(own.values("is_enabled")),
    ).order_by("position", "title", "pk")


def _rows(games: QuerySet[Any], request: HttpRequest, *, is_placed: bool = False) -> list[dict[str, Any]]:
    """What the page shows of each; what was posted and refused stays in the fields."""
    return [
        {
            "game": game,
            "tile": tile(game.title, game.thumbnail_url),
            "place": request.POST.get(f"place-{game.pk}", place if is_placed else ""),
            "category": request.POST.get(f"category-{game.pk}", game.own_category or ""),
            "is_on": game.is_enabled and game.studio.is_enabled and game.own_switch is not False,
        }
        for place, game in enumerate(games, start=1)
    ]


def _categories(brand: Brand) -> list[str]:
    own = BrandGame.objects.filter(brand=brand).exclude(category="").values_list("category", flat=True).distinct()
    return sorted({*own, *Game.Category.values})


def _brands(request: HttpRequest) -> QuerySet[Brand]:
    scope = brand_scope(request.user)
    rows = Brand.objects.order_by("name")
    return rows if scope is None else rows.filter(pk__in=scope.ids)


def _require_view(request: HttpRequest) -> None:
    if not request.user.has_perm("providers.view_brandgame"):
        raise PermissionDenied
