"""The first page: how play and vendors are doing now, and what needs a person. One cheap address feeds it."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest, JsonResponse
from django.urls import reverse

from apps.backoffice import figures
from apps.backoffice.attention import needing_attention
from apps.backoffice.work import work_of
from apps.core.admin_base import BrandScope, brand_scope
from apps.core.admin_display import amount_text
from apps.core.clock import now
from apps.core.currencies import UnknownCurrency, currency_spec
from apps.integrations.health import VendorHealth, vendor_health
from apps.integrations.models import Integration

VENDOR_WINDOW = timedelta(minutes=15)
_LIVE_SECONDS = 2


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the home page's template needs; the figures come by :func:`live`."""
    user = cast("Any", request.user)
    return {
        **context,
        "title": "Home",
        "may_see_figures": user.has_perm("backoffice.view_figures"),
        "may_see_vendors": user.has_perm("integrations.view_integration"),
        "has_brands": (scope := brand_scope(user)) is None or bool(scope.ids),
        "work": work_of(user, scope, now=now()),
        "live_url": reverse("backoffice:live"),
    }


def live(request: HttpRequest) -> JsonResponse:
    """Everything that changes on the home page, as this person may see it."""
    user = cast("Any", request.user)
    scope = brand_scope(user)
    at = figures.real_now()
    found: dict[str, Any] = {"at": f"{at:%H:%M:%S} UTC", "attention": needing_attention(user, scope)}
    if user.has_perm("backoffice.view_figures"):
        found["play"] = _play(scope)
    if user.has_perm("integrations.view_integration"):
        found["vendors"] = _vendors(scope)
    return JsonResponse(found)


live_page = admin.site.admin_view(live)


def _play(scope: BrandScope | None) -> dict[str, Any]:
    """Bets and GGR by minute, and today's sums by currency."""
    at = figures.real_now()
    minutes = figures.remembered("play-minutes", _LIVE_SECONDS, lambda: figures.play_by_minute(at))
    today = figures.remembered("play-today", _LIVE_SECONDS * 5, lambda: figures.play_today(at))
    active = figures.active_players(at)
    brands = None if scope is None else scope.ids
    by_minute = {start: figures.total([bucket], brands) for start, bucket in minutes.items()}
    sums = figures.total(today.values(), brands)
    main = max(sums.values(), key=lambda play: play.bets).currency if sums else ""
    # The running minute is not full yet: the rate is that of the last full one.
    full = list(by_minute.values())[-2] if len(by_minute) > 1 else {}
    return {
        "minutes": [f"{start:%H:%M}" for start in by_minute],
        "bets": [sum(play.bets for play in of.values()) for of in by_minute.values()],
        "ggr": [_main_units(of.get(main), main) for of in by_minute.values()],
        "ggr_currency": main,
        "bets_per_minute": sum(play.bets for play in full.values()),
        "bets_today": sum(play.bets for play in sums.values()),
        "active_players": sum(count for brand, count in active.items() if brands is None or brand in brands),
        "today": [
            {
                "currency": play.currency,
                "bets": play.bets,
                "staked": amount_text(play.staked, play.currency),
                "ggr": amount_text(play.ggr, play.currency),
                "margin": f"{100 * play.ggr / play.staked:.2f} %" if play.staked else "–",
            }
            for play in sorted(sums.values(), key=lambda play: -play.bets)
        ],
    }


def _main_units(play: figures.Play | None, currency: str) -> float:
    """GGR in main units, for a chart only: exact amounts are shown as text."""
    if play is None:
        return 0.0
    try:
        return play.ggr / currency_spec(currency).ledger_scale
    except UnknownCurrency:
        return float(play.ggr)


def _vendors(scope: BrandScope | None) -> list[dict[str, Any]]:
    """How each vendor's calls went in the last quarter of an hour."""
    at = figures.real_now()
    health = figures.remembered(
        "vendor-health", _LIVE_SECONDS, lambda: vendor_health(since=at - VENDOR_WINDOW, until=at, direction="in")
    )
    mine = (
        None
        if scope is None
        else set(Integration.objects.filter(brand_code__in=scope.codes).values_list("pk", flat=True))
    )
    return [_vendor(each) for each in health if mine is None or each.integration_id in mine]


def _vendor(health: VendorHealth) -> dict[str, Any]:
    return {
        "slug": health.slug,
        "url": reverse("admin:integrations_integration_change", args=[health.integration_id]),
        "switch": health.switch,
        "requests": health.requests,
        "success": None if health.success_rate is None else round(100 * health.success_rate, 2),
        "p50": health.p50_ms,
        "p95": health.p95_ms,
        "p99": health.p99_ms,
        "last_good": f"{health.last_good_at:%Y-%m-%d %H:%M:%S}" if health.last_good_at else "never",
        "classes": dict(health.by_class),
    }
