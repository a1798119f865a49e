"""Refuses to start with an admin page through which permissions could be passed by. Looks at classes, not at data."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import ImproperlyConfigured

from apps.core.admin_base import StaffAdmin

# Each of these runs a method for whoever posts (or gets) its URL, before or without a permission check.
_UNFOLD_ACTIONS = ("actions_list", "actions_row", "actions_detail", "actions_submit_line")


def unsafe_pages(site: AdminSite) -> list[str]:
    """List what is wrong with the pages registered on `site`, one line each."""
    return [problem for page in site._registry.values() for problem in problems_of(page)]  # noqa: SLF001


def refuse_unsafe_pages(site: AdminSite) -> None:
    """
    Stop the start of the process while a page is unsafe.

    :raises ImproperlyConfigured: naming every page and what is wrong with it
    """
    problems = unsafe_pages(site)
    if problems:
        raise ImproperlyConfigured("The staff site is unsafe:\n" + "\n".join(f"  - {line}" for line in problems))


def problems_of(page: Any) -> Iterable[str]:
    """Say what lets people past permissions on one page."""
    name = type(page).__name__
    if not issubclass(type(page), StaffAdmin):
        yield f"{name} is not a StaffAdmin"
        return
    if any(base.__name__ == "FSMAdminMixin" for base in type(page).__mro__):
        yield f"{name}: FSMAdminMixin runs any transition that is posted (trap T1)"
    if any(base.__name__ == "SimpleHistoryAdmin" for base in type(page).__mro__):
        yield f"{name}: SimpleHistoryAdmin restores old versions for whoever may view (trap T2)"
    if page.change_form_datasets:
        yield f"{name}.change_form_datasets: data sets show rows without asking for permission (trap T3)"
    for kind in _UNFOLD_ACTIONS:
        if getattr(page, kind, ()):
            yield f"{name}.{kind}: use staff_actions, which ask for a permission and a POST (trap T4)"
    if page.actions:
        yield f"{name}.actions: use staff_actions, which ask for a permission and a POST (trap T4)"
    for method in page.staff_actions:
        if not hasattr(getattr(page, method, None), "staff_action"):
            yield f"{name}.{method} is not made by @staff_action"
