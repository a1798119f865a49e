"""The pages of performance: all games in a time, and one game of them."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from apps.core.admin_actions import staff_of
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.providers.models import Game
from apps.reporting import performance_parts as parts
from apps.reporting.models import ReportExport, ReportKind
from apps.reporting.performance import DEFAULT_SORT, SORTS, by_day, listed
from apps.reporting.performance_form import PerformanceForm
from apps.reporting.report_exports import REQUEST_PERMISSION, request_report

_ROWS_A_PAGE = 50
_MOST_DIGITS = 6
COLUMNS = (
    ("title", "Game", ""), ("vendor", "Vendor", ""), ("studio", "Studio", ""), ("currency", "Currency", ""),
    ("rounds", "Rounds", "right"), ("", "Refused", "right"), ("turnover", "Turnover", "right"),
    ("wins", "Wins", "right"), ("ggr", "GGR", "right"), ("change", "GGR, change", "right"),
    ("rtp", "RTP", "right"), ("", "Expected ± chance", "right"), ("hit_rate", "Hit rate", "right"),
    ("stake", "Average stake", "right"),
)  # fmt: skip


class PerformancePages:
    """Mixin of the page of games by day: its two neighbours that sum up."""

    def performance_urls(self) -> list[URLPattern]:
        """Where they are."""
        site: Any = self.admin_site  # type: ignore[attr-defined]
        return [
            path("performance/", site.admin_view(self.performance), name="reporting_performance"),
            path("performance/<int:game_id>/", site.admin_view(self.game_page), name="reporting_performance_game"),
        ]

    def performance(self, request: HttpRequest) -> HttpResponse:
        """All games; by POST an export of what is asked for."""
        page: Any = self
        if not page.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return _export(request)
        form = PerformanceForm(request, request.GET or None)
        asked, sort = form.asked(), request.GET.get("o", DEFAULT_SORT)
        number = _page_number(request.GET)
        found = listed(asked, sort=sort, limit=_ROWS_A_PAGE, offset=(number - 1) * _ROWS_A_PAGE)
        days = by_day(asked)
        context = {
            **page.admin_site.each_context(request),
            "title": "Performance of games",
            "form": form,
            "asked": asked,
            "rows": parts.shown(found, asked, request.GET.urlencode()),
            "count": found.count,
            "columns": _columns(request.GET, sort),
            "totals": parts.totals(days, asked),
            "chart": parts.chart(days, asked),
            "top": parts.top_games(asked),
            "vendors": parts.vendors(asked, form.brands),
            "refused": parts.refused_games(asked, request.GET.urlencode()),
            "pages": _pages(request.GET, number, found.count),
            "may_export": request.user.has_perm(REQUEST_PERMISSION),
            "query": request.GET.urlencode(),
        }
        return TemplateResponse(request, "staff/reporting/performance.html", context)

    def game_page(self, request: HttpRequest, game_id: int) -> HttpResponse:
        """One game: its trend, brands, variants and newest rounds."""
        page: Any = self
        if not page.has_view_permission(request):
            raise PermissionDenied
        game = Game.objects.select_related("studio").filter(pk=game_id).first()
        if game is None:
            raise Http404
        if request.method == "POST":
            return _export(request, game_id=game_id)
        form = PerformanceForm(request, request.GET or None)
        asked = replace(form.asked(), game_id=game_id, vendor="", studio="", category="", title="")
        days = by_day(asked)
        context = {
            **page.admin_site.each_context(request),
            "title": game.title,
            "game": game,
            "form": form,
            "asked": asked,
            "totals": parts.totals(days, asked),
            "chart": parts.chart(days, asked),
            "brands": parts.brands(asked, form.brands),
            "variants": parts.variants(game, asked),
            "refused": parts.refused_reasons(asked, form.brands),
            "players": parts.players(game, asked),
            "rounds": parts.newest_rounds(game, asked) if request.user.has_perm("providers.view_round") else None,
            "rounds_searched": f"{parts.ROUNDS_SEARCHED:,}",
            "may_export": request.user.has_perm(REQUEST_PERMISSION),
            "back": f"{reverse('admin:reporting_performance')}?{request.GET.urlencode()}",
        }
        return TemplateResponse(request, "staff/reporting/performance_game.html", context)


def _columns(query: QueryDict, sort: str) -> list[dict[str, str]]:
    """Headings with the address that sorts by them, the other way round if they do already."""
    made = []
    for name, words, style in COLUMNS:
        is_text = name in ("title", "vendor", "studio", "currency")
        ascending = is_text if sort.lstrip("-") != name else sort.startswith("-")
        arrow = {name: "▲", f"-{name}": "▼"}.get(sort, "")
        made.append(
            {
                "words": words,
                "style": style,
                "arrow": arrow if name in SORTS else "",
                "url": _with(query, o=name if ascending else f"-{name}", p="") if name in SORTS else "",
            }
        )
    return made


def _page_number(query: QueryDict) -> int:
    text = query.get("p", "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else 1


def _pages(query: QueryDict, number: int, count: int) -> dict[str, str] | None:
    last = -(-count // _ROWS_A_PAGE)
    if last <= 1 and number == 1:
        return None
    return {
        "words": f"Page {number} of {max(last, 1)}",
        "before": _with(query, p=str(number - 1)) if number > 1 else "",
        "after": _with(query, p=str(number + 1)) if number < last else "",
    }


def _with(query: QueryDict, **changes: str) -> str:
    values = {name: value for name, value in query.items() if name not in changes}
    return "?" + urlencode(values | {name: value for name, value in changes.items() if value})


def _export(request: HttpRequest, *, game_id: int | None = None) -> HttpResponse:
    """Queue an export of what the page's address asks for."""
    form = PerformanceForm(request, QueryDict(request.POST.get("query", "")) or None)
    asked = form.asked()
    terms: dict[str, Any] = asked.as_terms()
    kind = ReportKind.PERFORMANCE
    if game_id is not None:
        kind = ReportKind.ROUNDS
        terms = {"game": game_id} | {name: terms[name] for name in ("since", "until", "brand_ids", "currency")}
    file_format = request.POST.get("format", ReportExport.Format.CSV)
    try:
        request_report(kind=kind, file_format=file_format, terms=terms, actor=staff_of(request), now=now())
    except DomainError as refusal:
        messages.error(request, refusal.detail or refusal.title)
    else:
        messages.success(request, "Being written: it appears here.")
    return HttpResponseRedirect(reverse("admin:reporting_reportexport_changelist"))
