"""Filters of any list that people keep under a name; a kept view has an address that can be given to a colleague."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import admin, messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from apps.backoffice.models import KeptView
from apps.core.admin_actions import staff_of
from apps.core.clock import now

MOST_VIEWS = 30
"""A list, for one person."""
_LONGEST_QUERY = 500
# Where one is in the list, and what was asked only once, is no filter.
_NOT_KEPT = {"p", "_popup", "_to_field", "e", "csrfmiddlewaretoken"}


def page_of(model: Any) -> str:
    """The list of a model, by URL name."""
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"


def kept_query(query: str) -> str:
    """What of an address's query is filters."""
    return urlencode([(name, value) for name, value in parse_qsl(query) if name not in _NOT_KEPT])


@admin.site.admin_view
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the filters under a name; an own view of that name is replaced."""
    page, name = request.POST.get("page", ""), request.POST.get("name", "").strip()[:60]
    query = kept_query(request.POST.get("query", "").replace("\0", ""))
    if page not in {page_of(model) for model in admin.site._registry}:  # noqa: SLF001
        raise Http404
    if not name:
        messages.error(request, "Give the view a name.")
    elif len(query) > _LONGEST_QUERY:
        messages.error(request, "These filters are too long to be kept.")
    else:
        _keep(request, page, name, query)
    return HttpResponseRedirect(f"{reverse(page)}?{query}")


def _keep(request: HttpRequest, page: str, name: str, query: str) -> None:
    user = staff_of(request)
    mine = KeptView.objects.filter(user=user, page=page)
    if mine.filter(name=name).update(query=query, kept_at=now()):
        messages.success(request, f"“{name}” holds these filters now.")
    elif mine.count() >= MOST_VIEWS:
        messages.error(request, f"You keep {MOST_VIEWS} views of this list already; forget one first.")
    else:
        try:
            with transaction.atomic():
                KeptView.objects.create(user=user, page=page, name=name, query=query, kept_at=now())
        except IntegrityError:
            messages.error(request, "You have a view of that name already.")
        else:
            messages.success(request, f"“{name}” is kept. Its address can be given to colleagues.")


@admin.site.admin_view
@require_safe
def follow(request: HttpRequest, view_id: int) -> HttpResponse:
    """Open a view, one's own or a colleague's: the list itself asks whether the person may see it."""
    view = KeptView.objects.filter(pk=view_id).first()
    if view is None:
        messages.error(request, "That view is no longer kept.")
        return HttpResponseRedirect(reverse("admin:index"))
    return HttpResponseRedirect(f"{reverse(view.page)}?{view.query}")


@admin.site.admin_view
@require_POST
def forget(request: HttpRequest, view_id: int) -> HttpResponse:
    """Forget a view of one's own."""
    view = KeptView.objects.filter(pk=view_id, user=staff_of(request)).first()
    if view is None:
        raise Http404
    view.delete()
    return HttpResponseRedirect(reverse(view.page))
