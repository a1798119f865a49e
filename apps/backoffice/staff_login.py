"""The staff's own log-in: password, then second factor, both limited in tries. Players never come through here."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.backoffice import second_factor, staff_sessions
from apps.core.admin_actions import staff_of
from apps.core.client_address import client_address
from apps.core.throttling import RateLimit

# Guessing must stay hopeless even while Redis is away, so these fail closed.
_BY_NAME = RateLimit("staff-login-name", limit=5, seconds=15 * 60, when_redis_is_down="closed")
_BY_ADDRESS = RateLimit("staff-login-address", limit=30, seconds=15 * 60, when_redis_is_down="closed")
_BY_USER = RateLimit("staff-second-factor", limit=5, seconds=15 * 60, when_redis_is_down="closed")
_TOO_MANY = "Too many attempts. Try again in {} minutes."


class StaffAuthenticationForm(AuthenticationForm):
    """Password log-in, locked after a few failures of one name or many of one address."""

    def clean(self) -> dict[str, Any]:
        """Count the attempt before the password is looked at; a success is not held against anyone."""
        name = self.cleaned_data.get("username", "").casefold()
        address = client_address(self.request)
        tries = [_BY_NAME.hit(name), _BY_ADDRESS.hit(address)]
        if not all(attempt.allowed for attempt in tries):
            minutes = max(attempt.retry_after_seconds for attempt in tries) // 60 + 1
            raise ValidationError(_TOO_MANY.format(minutes), code="too-many")
        cleaned: dict[str, Any] = super().clean()
        _BY_NAME.reset(name)
        # Taken back, not reset: an office shares one address, and a guesser may have one password that is right.
        _BY_ADDRESS.hit(address, cost=-1)
        return cleaned


class CodeForm(forms.Form):
    """Asks for one code."""

    code = forms.CharField(
        max_length=16,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


@never_cache
@csrf_protect
@sensitive_post_parameters("password")
def staff_login(request: HttpRequest) -> HttpResponse:
    """Check the password; the middleware then asks for the factor."""
    if admin.site.has_permission(request):
        return HttpResponseRedirect(_next(request))
    form = StaffAuthenticationForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user())
        second_factor.forget_shown(request)
        staff_sessions.begin(request, form.get_user(), now=timezone.now())
        return HttpResponseRedirect(_next(request))
    context = {
        **admin.site.each_context(request),
        "title": "Log in",
        "subtitle": None,
        "form": form,
        "app_path": request.get_full_path(),
    }
    return TemplateResponse(request, "admin/login.html", context)


@never_cache
@csrf_protect
@login_required(login_url="backoffice:login")
@sensitive_post_parameters("code")
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Ask for the factor, or enrol one."""
    user: Any = request.user
    again = "fresh" in request.GET and not second_factor.is_fresh(request)
    if second_factor.has_shown_second_factor(request) and not again:
        return HttpResponseRedirect(_next(request))
    enrolling = not second_factor.has_second_factor(user)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        recovery_codes: list[str] | None = []
        kind: str = Authenticator.Type.TOTP
        if not _BY_USER.hit(str(user.pk)).allowed:
            form.add_error("code", _TOO_MANY.format(_BY_USER.seconds // 60))
        elif enrolling:
            recovery_codes = second_factor.enrol(request, form.cleaned_data["code"])
        elif not (kind := second_factor.check_code(user, form.cleaned_data["code"])):
            recovery_codes = None
        if recovery_codes is None:
            form.add_error("code", "This code is not right. Codes change every 30 seconds and work once.")
        if form.is_valid():
            _BY_USER.reset(str(user.pk))
            second_factor.remember_shown(request, kind)
            if recovery_codes:
                return _page(request, form, recovery_codes=recovery_codes, next=_next(request))
            return HttpResponseRedirect(_next(request))
    return _page(request, form, again=again, **(_offer(request) if enrolling else {}))


def _offer(request: HttpRequest) -> dict[str, Any]:
    secret = second_factor.offered_secret(request)
    adapter = get_adapter()
    picture: str = adapter.build_totp_svg(adapter.build_totp_url(staff_of(request), secret))
    # Made by the qrcode library from the address above; nothing of it is a person's input.
    return {"enrolling": True, "secret": secret, "picture": mark_safe(picture.partition("?>")[2] or picture)}  # noqa: S308


def _page(request: HttpRequest, form: CodeForm, **more: Any) -> TemplateResponse:
    context = {**admin.site.each_context(request), "title": "Second factor", "form": form, **more}
    return TemplateResponse(request, "staff/second_factor.html", context)


def _next(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is on this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("admin:index")
