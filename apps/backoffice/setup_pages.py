"""Pages on which the admin role sets up a brand, a market, and a vendor's connection. The operations decide."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from apps.backoffice.vendors import Setting, Vendor, vendor_named, vendors
from apps.brands.models import Brand, Currency, Jurisdiction
from apps.brands.setup import BRAND_PERMISSION, MARKET_PERMISSION, create_brand, open_market
from apps.core.admin_actions import reason_field, staff_of
from apps.core.admin_base import brand_scope
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.integrations.models import Integration
from apps.integrations.options_form import option_value
from apps.integrations.setup import PERMISSION as CONNECT_PERMISSION
from apps.integrations.setup import connect_vendor

_OPTION = "option_"


class _Form(forms.Form):
    """Text fields as the staff site shows them, and the reason every set-up asks for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"] = reason_field(100)


def _text(*, longest: int, help_text: str = "", required: bool = True, **more: Any) -> forms.CharField:
    return forms.CharField(
        max_length=longest, required=required, help_text=help_text, widget=UnfoldAdminTextInputWidget(), **more
    )


class BrandForm(_Form):
    """What a brand is."""

    code = _text(longest=40, help_text="Lower-case letters, digits, hyphens. Part of addresses: it never changes.")
    name = _text(longest=80, help_text="As players know it.")
    currencies = forms.MultipleChoiceField(widget=UnfoldAdminCheckboxSelectMultipleWidget())
    frontend_url = _text(longest=200, required=False, label="Address of the frontend", help_text="https://…")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = Currency.objects.filter(is_enabled=True).values_list("code", "name")
        cast("forms.MultipleChoiceField", self.fields["currencies"]).choices = [
            (code, f"{code} · {name}") for code, name in codes
        ]


class MarketForm(_Form):
    """Where a brand serves players, and under whose law."""

    brand = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    jurisdiction = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    countries = _text(longest=600, help_text="Two-letter codes with commas between: MT, IE")
    licence = _text(longest=80, required=False, help_text="Number of the licence")

    def __init__(self, *args: Any, brands: list[Brand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["brand"].choices = [(each.pk, each.name) for each in brands]
        places = Jurisdiction.objects.values_list("code", "name")
        fields["jurisdiction"].choices = [(code, f"{code} · {name}") for code, name in places]


class ConnectionForm(_Form):
    """A connection and its settings; an empty setting keeps the adapter's default."""

    slug = _text(longest=64, label="Id", help_text="Part of the addresses that the vendor calls; it never changes.")
    name = _text(longest=120, help_text="As staff know it.")
    brand_code = forms.ChoiceField(label="Brand", widget=UnfoldAdminSelectWidget())
    environment = forms.ChoiceField(choices=Integration.Environment, widget=UnfoldAdminSelectWidget())
    base_url = _text(longest=300, label="Address of the vendor's API", help_text="https://…, which we call.")

    def __init__(self, *args: Any, vendor: Vendor, brands: list[Brand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._vendor = vendor
        fields: dict[str, Any] = self.fields
        fields["brand_code"].choices = [(each.code, each.name) for each in brands]
        for setting in vendor.settings:
            fields[_OPTION + setting.name] = _setting_field(setting)
        # Why, last of all.
        self.order_fields([*(each for each in fields if each != "reason"), "reason"])

    def options(self) -> dict[str, Any]:
        """The settings that differ from their defaults, as values."""
        given = {each: self.cleaned_data[_OPTION + each.name].strip() for each in self._vendor.settings}
        return {
            each.name: text if isinstance(each.default, str) else option_value(text)
            for each, text in given.items()
            if text
        }


def _setting_field(setting: Setting) -> forms.Field:
    is_set = isinstance(setting.default, bool | int) or bool(setting.default)
    default = f"by default {setting.default}" if is_set else "not set"
    terms: dict[str, Any] = {
        "label": setting.name.replace("_", " ").capitalize(),
        "required": False,
        "help_text": f"{setting.meaning} ({default})",
    }
    choices = setting.choices or (("true", "false") if isinstance(setting.default, bool) else ())
    if choices:
        listed = [("", "As by default"), *((each, each) for each in choices)]
        return forms.ChoiceField(choices=listed, widget=UnfoldAdminSelectWidget(), **terms)
    return forms.CharField(max_length=2000, widget=UnfoldAdminTextInputWidget(), **terms)


@admin.site.admin_view
@require_http_methods(["GET", "HEAD", "POST"])
def new_brand(request: HttpRequest) -> HttpResponse:
    """Set up a brand."""
    _require(request, BRAND_PERMISSION)
    form = BrandForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_brand(**form.cleaned_data, actor=staff_of(request), now=now())
        except DomainError as refusal:
            form.add_error(None, refusal.detail or refusal.title)
        else:
            messages.success(request, f"{made.name} is set up, and closed. Give it a market, then open it.")
            return HttpResponseRedirect(f"{reverse('backoffice:new-market')}?brand={made.pk}")
    return _page(request, "Set up a brand", form, "It starts closed: nobody can register or play before it is opened.")


@admin.site.admin_view
@require_http_methods(["GET", "HEAD", "POST"])
def new_market(request: HttpRequest) -> HttpResponse:
    """Let a brand serve countries."""
    _require(request, MARKET_PERMISSION)
    form = MarketForm(request.POST or None, brands=_brands(request), initial={"brand": request.GET.get("brand")})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            open_market(
                brand_id=int(data["brand"]), jurisdiction=data["jurisdiction"],
                countries=data["countries"].replace(";", ",").split(","), licence=data["licence"],
                reason=data["reason"], actor=staff_of(request), now=now(),
            )  # fmt: skip
        except DomainError as refusal:
            form.add_error(None, refusal.detail or refusal.title)
        else:
            messages.success(
                request, "The market is there: players of these countries can register once the brand is open."
            )
            return HttpResponseRedirect(reverse("admin:brands_market_changelist"))
    note = "Players of these countries are under that jurisdiction's law from their registration on."
    return _page(request, "Open a market", form, note)


@admin.site.admin_view
@require_safe
def choose_vendor(request: HttpRequest) -> HttpResponse:
    """List the vendors there are adapters for."""
    _require(request, CONNECT_PERMISSION)
    connected: dict[str, list[str]] = {}
    rows = Integration.objects.order_by("slug")
    scope = brand_scope(request.user)
    if scope is not None:
        rows = rows.filter(brand_code__in=scope.codes)
    for vendor, slug in rows.values_list("vendor", "slug"):
        connected.setdefault(vendor, []).append(slug)
    groups = [
        (title, [(each, connected.get(each.name, [])) for each in vendors() if each.kind == kind])
        for kind, title in Integration.Kind.choices
    ]
    context = {**admin.site.each_context(request), "title": "Connect a vendor", "groups": groups}
    return TemplateResponse(request, "staff/choose_vendor.html", context)


@admin.site.admin_view
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: HttpRequest, kind: str, vendor: str) -> HttpResponse:
    """Connect one of them to a brand."""
    _require(request, CONNECT_PERMISSION)
    chosen = vendor_named(kind, vendor)
    if chosen is None:
        raise Http404
    form = ConnectionForm(request.POST or None, vendor=chosen, brands=_brands(request))
    if request.method == "POST" and form.is_valid():
        terms = {name: value for name, value in form.cleaned_data.items() if not name.startswith(_OPTION)}
        try:
            made = connect_vendor(
                **terms, kind=kind, vendor=vendor, options=form.options(), actor=staff_of(request), now=now()
            )
        except DomainError as refusal:
            form.add_error(None, refusal.detail or refusal.title)
        else:
            messages.success(request, f"{made.slug} is connected, and off. Add its keys here, then switch it on.")
            return HttpResponseRedirect(reverse("admin:integrations_integration_change", args=[made.pk]))
    note = "It starts switched off. Afterwards: add the keys on its page, then switch it on."
    return _page(request, f"Connect {vendor}", form, note)


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _brands(request: HttpRequest) -> list[Brand]:
    scope = brand_scope(request.user)
    return list(Brand.objects.all() if scope is None else Brand.objects.filter(pk__in=scope.ids))


def _page(request: HttpRequest, title: str, form: forms.Form, note: str) -> TemplateResponse:
    context = {**admin.site.each_context(request), "title": title, "form": form, "note": note}
    return TemplateResponse(request, "staff/setup_page.html", context, status=400 if form.errors else 200)
