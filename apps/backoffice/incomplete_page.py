"""The page of incomplete rounds: by game, what is held and since when; of one game each round, and voiding them all."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from apps.brands.models import Brand
from apps.core.admin_actions import staff_of
from apps.core.admin_base import brand_scope
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.core.ids import row_id
from apps.integrations.models import Integration
from apps.players.models import Player
from apps.providers.incomplete_rounds import by_game, handed_among, handed_rounds, idle_rounds, standings_of
from apps.providers.models import Game, Round
from apps.providers.round_voids import MOST_AT_ONCE, is_voidable, propose_void, proposed_rounds, stake_of
from apps.providers.rounds import MAX_REASON_LENGTH, RESOLVE_PERMISSION, STUCK_AFTER

VIEW_PERMISSION = "providers.view_round"
_AGES = {"": STUCK_AFTER, "1": timedelta(hours=1), "24": timedelta(hours=24), "72": timedelta(hours=72)}


class FilterForm(forms.Form):
    """What the list is narrowed to."""

    idle = forms.ChoiceField(
        required=False,
        label="Idle for",
        choices=(("", "30 minutes"), ("1", "an hour"), ("24", "a day"), ("72", "three days")),
        widget=UnfoldAdminSelectWidget(),
    )
    waits = forms.ChoiceField(
        required=False,
        label="Waiting",
        choices=(("", "for anything"), ("staff", "for a person")),
        widget=UnfoldAdminSelectWidget(),
    )
    vendor = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget())
    brand = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget())
    category = forms.ChoiceField(
        required=False, choices=(("", "every category"), *Game.Category.choices), widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, *args: Any, brands: dict[int, str], vendors: dict[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["vendor"].choices = [("", "every vendor"), *((str(pk), slug) for pk, slug in vendors.items())]
        fields["brand"].choices = [("", "every brand"), *((str(pk), name) for pk, name in brands.items())]


class VoidForm(forms.Form):
    """Asks why all these rounds are voided."""

    reason = forms.CharField(
        min_length=5,
        max_length=MAX_REASON_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Kept in each round's history: what failed, and the vendor's or your incident.",
    )


@dataclass(frozen=True, slots=True)
class _Sight:
    """What one person sees: names of his brands and of their connections, by id."""

    brands: dict[int, str]
    vendors: dict[int, str]

    def of_brands(self, rounds: QuerySet[Round]) -> QuerySet[Round]:
        return rounds.filter(brand_id__in=self.brands)


@admin.site.admin_view
@require_safe
def incomplete_page(request: HttpRequest) -> HttpResponse:
    """By game; and, where one is chosen, its rounds."""
    user = cast("Any", request.user)
    if not user.has_perm(VIEW_PERMISSION):
        raise PermissionDenied
    sight = _sight(user)
    form = FilterForm(request.GET, brands=sight.brands, vendors=sight.vendors)
    rounds = _narrowed(form, sight)
    groups = by_game(rounds)
    games = Game.objects.select_related("studio").in_bulk({each.game_id for each in groups})
    chosen = _chosen(request)
    context = {
        **admin.site.each_context(request),
        "title": "Incomplete rounds",
        "filter": form,
        "groups": [
            {
                "group": each,
                "game": games[each.game_id],
                "playable": games[each.game_id].is_enabled and games[each.game_id].studio.is_enabled,
                "brand": sight.brands[each.brand_id],
                "vendor": sight.vendors.get(each.integration_id, ""),
                "url": _url_of(request, each),
            }
            for each in groups
        ],
        "now": now(),
        "chosen": _rounds_of(rounds, chosen) if chosen else None,
        "may_void": user.has_perm(RESOLVE_PERMISSION),
        "void_form": VoidForm(),
        "back": request.get_full_path(),
    }
    return TemplateResponse(request, "staff/incomplete_rounds.html", context)


@admin.site.admin_view
@require_POST
def void_page(request: HttpRequest) -> HttpResponse:
    """Propose to void the rounds that were listed, in one request."""
    user = cast("Any", request.user)
    if not user.has_perm(VIEW_PERMISSION):
        raise PermissionDenied
    back = HttpResponseRedirect(f"{reverse('backoffice:incomplete-rounds')}?{request.POST.get('query', '')[:500]}")
    form = VoidForm(request.POST)
    named = map(row_id, request.POST.get("rounds", "").split(",")[: MOST_AT_ONCE + 1])
    ids = [each for each in named if each is not None]
    if not form.is_valid() or not ids:
        messages.error(request, "Say why, in five characters or more." if ids else "No round was chosen.")
        return back
    rounds = list(_sight(user).of_brands(Round.objects.filter(pk__in=ids)))
    try:
        asked = propose_void(rounds=rounds, reason=form.cleaned_data["reason"], maker=staff_of(request), now=now())
    except DomainError as refusal:
        messages.error(request, refusal.detail or refusal.title)
    else:
        messages.success(request, f"Asked: {asked.summary} A colleague has to agree now; see Approvals.")
    return back


def _sight(user: Any) -> _Sight:
    scope = brand_scope(user)
    brands = Brand.objects.order_by("name")
    connections = Integration.objects.filter(kind=Integration.Kind.GAMES).order_by("slug")
    if scope is not None:
        brands = brands.filter(pk__in=scope.ids)
        connections = connections.filter(brand_code__in=scope.codes)
    return _Sight(dict(brands.values_list("pk", "name")), dict(connections.values_list("pk", "slug")))


def _narrowed(form: FilterForm, sight: _Sight) -> QuerySet[Round]:
    terms = form.cleaned_data if form.is_valid() else {}
    rounds = sight.of_brands(idle_rounds(now=now(), idle=_AGES[terms.get("idle", "")]))
    if terms.get("waits"):
        rounds = rounds.filter(pk__in=handed_rounds().values("pk"))
    if terms.get("vendor"):
        rounds = rounds.filter(integration_id=terms["vendor"])
    if terms.get("brand"):
        rounds = rounds.filter(brand_id=terms["brand"])
    if terms.get("category"):
        rounds = rounds.filter(game_id__in=Game.objects.filter(category=terms["category"]).values("pk"))
    return rounds


def _rounds_of(rounds: QuerySet[Round], chosen: dict[str, Any]) -> dict[str, Any]:
    """The oldest rounds of one game, as many as one request voids."""
    listed = list(rounds.filter(**chosen).order_by("opened_at", "pk")[: MOST_AT_ONCE + 1])
    shown = listed[:MOST_AT_ONCE]
    standings = standings_of(shown)
    handed, proposed = handed_among(each.pk for each in shown), proposed_rounds()
    names = dict(Player.objects.filter(pk__in={each.player_id for each in shown}).values_list("pk", "username"))
    free = [each for each in shown if is_voidable(each) and each.pk not in proposed]
    return {
        "rows": [
            {
                "round": each,
                "player": names[each.player_id],
                "standing": standings[each.pk],
                "handed": each.pk in handed,
                "proposed": each.pk in proposed,
            }
            for each in shown
        ],
        "game": Game.objects.values_list("title", flat=True).filter(pk=chosen["game_id"]).first(),
        "more": len(listed) > len(shown),
        "currency": chosen["currency"],
        "voidable": len(free),
        "total": sum(map(stake_of, free)),
        "players": len({each.player_id for each in free}),
        "ids": ",".join(str(each.pk) for each in free),
    }


def _chosen(request: HttpRequest) -> dict[str, Any] | None:
    """The game, connection, brand and currency in the address, if all are there."""
    numbers = {f"{name}_id": row_id(request.GET.get(f"of_{name}", "")) for name in ("brand", "integration", "game")}
    currency = request.GET.get("of_currency", "")
    if not currency.isalnum() or None in numbers.values():
        return None
    return {**numbers, "currency": currency}


def _url_of(request: HttpRequest, group: Any) -> str:
    query = request.GET.copy()
    for name in ("brand", "integration", "game"):
        query[f"of_{name}"] = str(getattr(group, f"{name}_id"))
    query["of_currency"] = group.currency
    return f"?{query.urlencode()}#rounds"
