"""The second factor of staff: whether this log-in has shown it, and the middleware no door gets around."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from apps.backoffice import sensitive_views, staff_sessions
from apps.core.request_context import Factor, set_factor

_SHOWN = "staff_second_factor_user"
_SHOWN_AT = "staff_second_factor_at"
_SHOWN_WITH = "staff_second_factor_kind"
_OFFERED_SECRET = "staff_second_factor_offered"  # noqa: S105 - a name in the session, not a secret


def needs_second_factor(user: Any) -> bool:
    """Say whether `user` may do nothing without one: where settings demand it, and whoever has enrolled one."""
    return bool(settings.STAFF_SECOND_FACTOR_REQUIRED) or has_second_factor(user)


def has_second_factor(user: Any) -> bool:
    """Say whether `user` has enrolled a device."""
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()


def has_shown_second_factor(request: HttpRequest) -> bool:
    """Say whether this log-in has shown the factor; an earlier log-in's does not count."""
    return bool(request.session.get(_SHOWN) == cast("Any", request.user).pk)


def is_fresh(request: HttpRequest) -> bool:
    """
    Say whether this session may decide, unmask and take files out: its factor was shown minutes ago, or none is due.

    Real time, not the sandbox's: a factor does not age because a test moved the business clock.
    """
    lasts = settings.STAFF_FRESH_FACTOR_SECONDS
    if not lasts or not needs_second_factor(request.user):
        return True
    shown_at = request.session.get(_SHOWN_AT)
    if not (has_shown_second_factor(request) and shown_at):
        return False
    return 0 <= (timezone.now() - datetime.fromisoformat(shown_at)).total_seconds() <= lasts


def shown_factor(request: HttpRequest) -> Factor:
    """Which factor this log-in has shown, and when last."""
    if not has_shown_second_factor(request):
        return Factor()
    shown_at = request.session.get(_SHOWN_AT)
    kind = request.session.get(_SHOWN_WITH) or Authenticator.Type.TOTP
    return Factor(str(kind), datetime.fromisoformat(shown_at) if shown_at else None)


def remember_shown(request: HttpRequest, kind: str) -> None:
    """Let this session pass from now on, under a new session key."""
    at = timezone.now()
    request.session.cycle_key()
    request.session[_SHOWN] = cast("Any", request.user).pk
    request.session[_SHOWN_AT] = at.isoformat()
    request.session[_SHOWN_WITH] = kind
    staff_sessions.note_factor(request, now=at)


def forget_shown(request: HttpRequest) -> None:
    """A new log-in starts without the factor."""
    for name in (_SHOWN, _SHOWN_AT, _SHOWN_WITH, _OFFERED_SECRET):
        request.session.pop(name, None)


def check_code(user: Any, code: str) -> str:
    """Check a code of the device, or an unused recovery code; returns which it was, or nothing. Each works once."""
    for authenticator in Authenticator.objects.filter(user_id=user.pk):
        kind: Any = {Authenticator.Type.TOTP: TOTP, Authenticator.Type.RECOVERY_CODES: RecoveryCodes}.get(
            authenticator.type
        )
        if kind is not None and kind(authenticator).validate_code(code):
            authenticator.record_usage()
            return str(authenticator.type)
    return ""


def offered_secret(request: HttpRequest) -> str:
    """Return the secret this person is being asked to put into their device, the same until they succeed."""
    secret: str = request.session.get(_OFFERED_SECRET) or generate_totp_secret()
    request.session[_OFFERED_SECRET] = secret
    return secret


def enrol(request: HttpRequest, code: str) -> list[str] | None:
    """
    Enrol the device that made `code` from the offered secret.

    :return: recovery codes to keep, or None if the code is wrong or a device was enrolled meanwhile
    """
    secret = offered_secret(request)
    if not validate_totp_code(secret, code):
        return None
    with transaction.atomic():
        # One device a person: two tabs at once must not both enrol one.
        user = User.objects.select_for_update().get(pk=cast("Any", request.user).pk)
        if has_second_factor(user):
            return None
        TOTP.activate(user, secret)
        Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
        codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    request.session.pop(_OFFERED_SECRET, None)
    return codes


class SecondFactorMiddleware:
    """
    Stop every request of a staff session that has not shown its factor, or was idle, whatever page it asks for.

    What `sensitive_views` names wants a factor that was shown minutes ago. Requests without a session cookie (vendors,
    players' frontends) pass without any look-up.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let pass, send to the factor's page, or refuse."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not _is_open(request.path):
            user: Any = request.user
            if user.is_authenticated and not staff_sessions.keep_alive(request, now=timezone.now()):
                return _to_login(request)
            if user.is_authenticated and not has_shown_second_factor(request) and needs_second_factor(user):
                return _to_factor(request)
            if user.is_authenticated:
                set_factor(shown_factor(request))
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Ask for a fresh factor where the page wants one; the person presses again afterwards."""
        if sensitive_views.wants_fresh_factor(request) and request.user.is_authenticated and not is_fresh(request):
            return to_fresh_factor(request)
        return None


def _is_open(path: str) -> bool:
    """Pages one needs to get to the factor, or away."""
    return path.startswith(settings.STATIC_URL) or path in {
        reverse("backoffice:second-factor"),
        reverse("backoffice:login"),
        reverse("admin:logout"),
        reverse("admin:jsi18n"),
    }


def to_fresh_factor(request: HttpRequest) -> HttpResponse:
    """Ask for the factor once more, then lead back to where the button is."""
    back = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = reverse("admin:index")
    return HttpResponseRedirect(f"{reverse('backoffice:second-factor')}?{urlencode({'fresh': '1', 'next': back})}")


def _to_login(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return HttpResponseForbidden("You were idle for too long and are logged out.")
    return HttpResponseRedirect(f"{reverse('backoffice:login')}?{urlencode({'next': request.get_full_path()})}")


def _to_factor(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return HttpResponseForbidden("Show your second factor first.")
    return HttpResponseRedirect(f"{reverse('backoffice:second-factor')}?{urlencode({'next': request.get_full_path()})}")
