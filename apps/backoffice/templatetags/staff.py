"""`{% load staff %}`: amounts, states and instants in templates, as `apps.core.admin_display` shows them."""

from django import template

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
