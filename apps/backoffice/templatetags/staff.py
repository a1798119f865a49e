"""`{% load staff %}`: amounts, states and instants in templates, as `apps.core.admin_display` shows them."""

from typing import Any

from django import template

from apps.backoffice.kept_views import kept_query, page_of
from apps.backoffice.models import KeptView
from apps.core import admin_display

register = template.Library()

register.simple_tag(admin_display.amount_text, name="amount")
register.simple_tag(admin_display.signed_amount_text, name="signed_amount")
register.simple_tag(admin_display.pill, name="pill")
register.simple_tag(admin_display.duration_text, name="took")
register.simple_tag(admin_display.trace_link, name="trace_link")


register.filter("plain", admin_display.plain_text)


@register.filter
def percent(basis_points: int) -> str:
    """Show basis points as per cent: 9600 is ``96.00 %``."""
    return f"{basis_points / 100:.2f} %"


@register.filter
def words(code: str) -> str:
    """Show a code as words: ``test_funding`` is “Test funding”, ``profile-mismatch`` is “Profile mismatch”."""
    return code.replace("_", " ").replace("-", " ").capitalize()


@register.inclusion_tag("staff/kept_views.html", takes_context=True)
def kept_views(context: template.Context, changelist: Any) -> dict[str, Any]:
    """The person's kept views of a list, and the form that keeps another; one query."""
    request = context["request"]
    page = page_of(changelist.model)
    query = kept_query(request.GET.urlencode())
    views = list(KeptView.objects.filter(user=request.user, page=page))
    return {
        "views": [(each, each.query == query) for each in views],
        "page": page,
        "query": query,
        "csrf_token": context.get("csrf_token", ""),
    }
