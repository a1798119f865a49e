"""Views of the pages that belong to no single model: trace and books."""

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from apps.backoffice.trace import Trace, trace
from apps.brands.models import Brand
from apps.core.admin_base import brand_scope
from apps.core.admin_display import amount_text, pill
from apps.integrations.models import Integration
from apps.transactions.models import PLAYER_KINDS, Account, BooksCheck
from apps.transactions.rollup import shared_balances

_CHECKS_SHOWN = 10
# What static/staff/staff.js and cases.js listen to; a test compares them.
KEYS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Everywhere",
        (
            ("?", "This page"),
            ("h", "Home"),
            ("a", "Approvals"),
            ("/", "Search: in the list, or else in the menu"),
        ),
    ),
    ("On a list", (("j", "Next row"), ("k", "Row before"), ("Enter", "Open the row"), ("v", "Keep these filters"))),
    (
        "On the compliance desk and a case",
        (
            ("g", "Desk"),
            ("c", "Claim the case, or the next one"),
            ("j", "Next part"),
            ("k", "Part before"),
            ("d", "Decide"),
            ("n", "Write a note"),
            ("s", "Put aside until a date"),
            ("e", "Escalate"),
            ("x", "Close"),
        ),
    ),
)
_BREAKS_SHOWN = 100


@admin.site.admin_view
@require_safe
def trace_page(request: HttpRequest) -> HttpResponse:
    """Follow one id through the platform."""
    user = cast("Any", request.user)
    if not user.has_perm("transactions.view_transaction"):
        raise PermissionDenied
    found = trace(request.GET.get("id", ""), user=user)
    if not user.has_perm("players.view_player"):
        found.players = []
    context = {"title": "Trace", "trace": found, "shown_rounds": _rounds(found)}
    return _page(request, "staff/trace.html", context)


def _rounds(found: Trace) -> list[dict[str, Any]]:
    return [
        {
            "round": each,
            "state": pill(each.state),
            "staked": amount_text(each.staked, each.currency),
            "won": amount_text(each.won, each.currency),
        }
        for each in found.rounds
    ]


@admin.site.admin_view
@require_safe
def books_page(request: HttpRequest) -> HttpResponse:
    """Whether the books are right, and where the money is."""
    user = cast("Any", request.user)
    if not user.has_perm("transactions.view_account"):
        raise PermissionDenied
    checks = list(BooksCheck.objects.all()[:_CHECKS_SHOWN])
    context = {
        "title": "Books",
        "last": checks[0] if checks else None,
        "breaks": checks[0].breaks[:_BREAKS_SHOWN] if checks else [],
        "checks": checks,
        "accounts": _shared_accounts(user),
        "player_sums": _player_sums(user),
    }
    return _page(request, "staff/books.html", context)


@admin.site.admin_view
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Which keys do what, and how lists, views and personal data work."""
    return _page(request, "staff/help.html", {"title": "Help", "keys": KEYS})


def _shared_accounts(user: Any) -> list[dict[str, Any]]:
    """House, provider and other shared accounts with their exact balances."""
    scope = brand_scope(user)
    rows = Account.objects.filter(player_id=None).order_by("brand_id", "currency", "kind", "pk")
    if scope is not None:
        rows = rows.filter(brand_id__in=scope.ids)
    accounts = list(rows)
    balances = shared_balances([each.pk for each in accounts])
    brands = dict(Brand.objects.values_list("pk", "name"))
    slugs = dict(Integration.objects.values_list("pk", "slug"))
    return [
        {
            "account": each,
            "brand": brands.get(each.brand_id, each.brand_id),
            "of": slugs.get(each.integration_id or 0, ""),
            "balance": balances[each.pk].balance if each.pk in balances else 0,
            "transfers": balances[each.pk].transfers if each.pk in balances else 0,
        }
        for each in accounts
    ]


def _player_sums(user: Any) -> list[dict[str, Any]]:
    """What players own, by brand and currency, bucket by bucket."""
    scope = brand_scope(user)
    rows = Account.objects.filter(player_id__isnull=False, kind__in=PLAYER_KINDS)
    if scope is not None:
        rows = rows.filter(brand_id__in=scope.ids)
    brands = dict(Brand.objects.values_list("pk", "name"))
    sums = {str(kind): Sum("balance", filter=Q(kind=kind), default=0) for kind in PLAYER_KINDS}
    found = rows.order_by("brand_id", "currency").values("brand_id", "currency").annotate(**sums)
    return [{**each, "brand": brands.get(each["brand_id"], "")} for each in found]


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})
