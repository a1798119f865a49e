"""Adding, removing or restricting a studio: say what, see what it does, then do it with a reason."""

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from apps.backoffice.studio_effect import effect_of
from apps.core.admin_actions import reason_field, staff_of
from apps.core.admin_base import brand_scope
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.providers.catalogue import MAX_REASON_LENGTH, SWITCH_PERMISSION
from apps.providers.models import Studio
from apps.providers.studio_steps import StudioStep, studio_version, take_step

_COUNTRY = re.compile(r"[A-Z]{2}\Z")


class StepForm(forms.Form):
    """What is to become of it."""

    standing = forms.ChoiceField(
        label="The studio is",
        choices=(
            ("on", "offered"),
            ("with_games", "offered, and its games that are off go on too"),
            ("off", "removed: none of its games is offered anywhere"),
        ),
        widget=UnfoldAdminSelectWidget(),
    )
    countries = forms.CharField(
        label="Blocked countries", required=False, max_length=800, widget=UnfoldAdminTextInputWidget(),
        help_text="Two-letter codes with commas between, all of them: SE, DE. Empty: none.",
    )  # fmt: skip

    def clean_countries(self) -> tuple[str, ...]:
        """Codes of two letters, sorted."""
        codes = {code.strip().upper() for code in self.cleaned_data["countries"].replace(";", ",").split(",")} - {""}
        strange = sorted(code for code in codes if not _COUNTRY.match(code))
        if strange:
            raise forms.ValidationError(f"{strange[0]} is no country of two letters.")
        return tuple(sorted(codes))

    @property
    def step(self) -> StudioStep:
        """As the operation wants it."""
        standing = self.cleaned_data["standing"]
        return StudioStep(standing != "off", self.cleaned_data["countries"], with_games=standing == "with_games")


class ConfirmForm(forms.Form):
    """What was seen, and why."""

    seen = forms.CharField(max_length=2000, widget=forms.HiddenInput())
    reason = reason_field(MAX_REASON_LENGTH, one_line=True)


@admin.site.admin_view
@require_http_methods(["GET", "HEAD", "POST"])
def step_page(request: HttpRequest, studio_id: int) -> HttpResponse:
    """Ask what, show its effect, and do it once it is confirmed."""
    if not (request.user.has_perm(SWITCH_PERMISSION) and request.user.has_perm("providers.view_studio")):
        raise PermissionDenied
    studio = get_object_or_404(Studio, pk=studio_id)
    given = request.POST if request.method == "POST" else None
    form = StepForm(given, initial=_as_it_is(studio))
    is_confirmed = given is not None and "confirm" in given
    confirm = ConfirmForm(given if is_confirmed else None, initial={"seen": studio_version(studio)})
    if form.is_valid() and is_confirmed and confirm.is_valid():
        try:
            switched = take_step(
                studio_id=studio.pk, step=form.step, seen=confirm.cleaned_data["seen"],
                reason=confirm.cleaned_data["reason"], actor=staff_of(request), now=now(),
            )  # fmt: skip
        except DomainError as refusal:
            confirm.add_error(None, f"{refusal.title}. Look at the effect again.")
        else:
            games = f" {switched} of its games went on." if switched else ""
            messages.success(request, f"{studio.name} is changed.{games}")
            return HttpResponseRedirect(reverse("admin:providers_studio_change", args=[studio.pk]))
    return _page(request, studio, form, confirm)


def _page(request: HttpRequest, studio: Studio, form: StepForm, confirm: ConfirmForm) -> HttpResponse:
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Add, remove or restrict {studio.name}",
        "studio": studio,
        "form": form,
        "confirm": confirm,
        "back_url": reverse("admin:providers_studio_change", args=[studio.pk]),
    }
    if form.is_bound and form.is_valid():
        step = form.step
        context |= {
            "step": step,
            "effect": effect_of(studio, step, scope=brand_scope(request.user), now=now()),
            "may_see_ggr": request.user.has_perm("reporting.view_gameday"),
        }
    status = 400 if form.errors or confirm.errors else 200
    return TemplateResponse(request, "staff/catalogue/studio_step.html", context, status=status)


def _as_it_is(studio: Studio) -> dict[str, str]:
    return {"standing": "on" if studio.is_enabled else "off", "countries": ", ".join(studio.blocked_countries)}
