"""What the staff pages of reconciliation share: colours, forms on lists, and who may see what."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from apps.core.admin_base import StaffAdmin, brand_scope
from apps.core.errors import DomainError
from apps.integrations.models import Integration

_LEVELS = {
    "good": {"finished", "loaded", "resolved", "ready"},
    "warning": {"queued", "running", "received", "reading", "open", "timing", "proposed"},
    "bad": {"failed"},
}


def level(word: str) -> str:
    """Colour of a state."""
    return next((name for name, words in _LEVELS.items() if word in words), "plain")


class ReconciliationPage(StaffAdmin):
    """A page whose list may carry a form of its own, posted to `list_form_url`."""

    big_table = True
    ordering = ("-id",)
    sortable_by = ()
    list_form_permission = ""

    def list_form(self, request: HttpRequest) -> str:
        """Do what the list's form asks; returns what to tell the person."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the list's form."""
        if not self.list_form_permission:
            return super().get_urls()
        site: Any = self.admin_site
        meta = self.model._meta
        view = site.admin_view(self._list_form_view())
        return [path("do/", view, name=f"{meta.app_label}_{meta.model_name}_do"), *super().get_urls()]

    def _list_form_view(self) -> Callable[[HttpRequest], HttpResponse]:
        def view(request: HttpRequest) -> HttpResponse:
            if not (self.has_view_permission(request) and request.user.has_perm(self.list_form_permission)):
                raise PermissionDenied
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            try:
                messages.success(request, self.list_form(request))
            except DomainError as refusal:
                messages.error(request, refusal.detail or refusal.title)
            meta = self.model._meta
            return HttpResponseRedirect(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))

        return view


def first_error(form: Any) -> str:
    """The first thing that is wrong with a form, in one line."""
    for name, errors in form.errors.items():
        return f"{form.fields[name].label or name}: {errors[0]}" if name in form.fields else str(errors[0])
    return ""


def integrations_of(request: HttpRequest, *kinds: str) -> QuerySet[Integration]:
    """Integrations of some kinds at the brands that a person serves."""
    rows = Integration.objects.filter(kind__in=kinds).order_by("slug")
    scope = brand_scope(request.user)
    return rows if scope is None else rows.filter(brand_code__in=scope.codes)
