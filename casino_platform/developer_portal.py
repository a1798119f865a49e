"""The developer portal at /api/docs: guides kept as Markdown in docs/api, the reference, the catalogue of events."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularSwaggerView
from markdown_it import MarkdownIt

from apps.integrations.outgoing.catalogue import event_kind, event_kinds

_FOLDER = Path(settings.BASE_DIR) / "docs" / "api"
# In the order of the menu: name of the file, and what it is about.
GUIDES: tuple[tuple[str, str], ...] = (
    ("getting-started", "From registration to the first bet"),
    ("errors", "Problem documents, and what to do about each"),
    ("idempotency", "Repeating a request without repeating its effect"),
    ("webhooks", "Being told what happens: verification, order, retries"),
    ("sandbox", "Test players, simulated vendors, a clock to move"),
    ("versioning", "What may change, and how long the old stays"),
    ("changelog", "What changed"),
)


@dataclass(frozen=True, slots=True)
class Guide:
    """One page of the portal."""

    name: str
    title: str
    summary: str
    html: SafeString


@cache
def guides() -> tuple[Guide, ...]:
    """Every guide, rendered once a process."""
    return tuple(_guide(name, summary) for name, summary in GUIDES)


def _guide(name: str, summary: str) -> Guide:
    text = (_FOLDER / f"{name}.md").read_text(encoding="utf-8")
    title = text.partition("\n")[0].removeprefix("# ")
    # The files link each other as files, so that they read well in the repository too.
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text).replace('.md"', '"')
    return Guide(name, title, summary, mark_safe(html))  # noqa: S308 - our own files, with HTML in them switched off


def _page(request: HttpRequest, template: str, **context: object) -> HttpResponse:
    return render(request, f"portal/{template}.html", {"guides": guides(), **context})


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What there is."""
    return _page(request, "index", kinds=len(event_kinds()))


@require_safe
def guide(request: HttpRequest, name: str) -> HttpResponse:
    """One guide."""
    found = next((each for each in guides() if each.name == name), None)
    if found is None:
        raise Http404
    return _page(request, "guide", guide=found)


@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """Every kind of event with what it carries."""
    return _page(request, "events", kinds=event_kinds())


@require_safe
def event_schema(request: HttpRequest, kind: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The JSON Schema of one kind of event."""
    found = event_kind(kind)
    if found is None:
        raise Http404
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": found.kind, **found.schema}
    return JsonResponse({**schema, "description": found.summary})


urlpatterns: list[URLPattern] = [
    path("reference", SpectacularSwaggerView.as_view(url_name="schema"), name="docs-reference"),
    path("events", events, name="docs-events"),
    path("events/<str:kind>.json", event_schema, name="docs-event-schema"),
    path("<slug:name>", guide, name="docs-guide"),
]
