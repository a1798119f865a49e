"""The sandbox's pages for people: set the simulator's pace and faults, see its figures, play a game oneself."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from apps.core import clock
from apps.core.money import Money
from apps.sandbox.models import SimulatedVendor, SimulatorControl
from apps.sandbox.seating import seat_player
from apps.sandbox.traffic.figures import vendor_figures
from apps.sandbox.vendors.catalogue import GAMES
from apps.sandbox.vendors.sessions import client_address, open_session
from apps.sandbox.vendors.speakers.registry import SPEAKERS

_FAULTS = ("duplicate", "dropped_reply", "reorder", "rollback", "late_bet", "conflict")
_ALL_ROUNDS = 100
_CURRENCIES = ("EUR", "SEK", "GBP", "CAD")


class ControlForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """Pace and faults."""

    class Meta:
        """Every field of the control row."""

        model = SimulatorControl
        fields = ("is_running", "rounds_per_second", *_FAULTS)

    def clean(self) -> dict[str, Any]:
        """Refuse more faults than rounds."""
        cleaned = super().clean() or {}
        if sum(cleaned.get(fault) or 0 for fault in _FAULTS) > _ALL_ROUNDS:
            raise forms.ValidationError("The faults add up to more than 100 % of rounds.")
        return cleaned


class PlayForm(forms.Form):
    """Which game somebody wants to play, with how much test money."""

    game = forms.ChoiceField(
        choices=lambda: [
            (
                SPEAKERS[vendor].title,
                [(f"{vendor}/{game.code}", game.title) for game in games.values() if not game.is_new],
            )
            for vendor, games in GAMES.items()
        ]
    )
    currency = forms.ChoiceField(choices=[(code, code) for code in _CURRENCIES])
    cash = forms.DecimalField(min_value=0, max_value=1_000_000, decimal_places=2, initial=100)


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Everything on one page."""
    return _render(request, ControlForm(instance=SimulatorControl.current()), PlayForm())


@require_POST
def set_control(request: HttpRequest) -> HttpResponse:
    """Change pace and faults; the simulator follows within a second."""
    form = ControlForm(request.POST, instance=SimulatorControl.current())
    if not form.is_valid():
        return _render(request, form, PlayForm(), status=400)
    form.save()
    return redirect("sandbox-overview")


@require_POST
def switch_vendor(request: HttpRequest, vendor: str) -> HttpResponse:
    """Take a vendor down, or bring him back."""
    simulated = get_object_or_404(SimulatedVendor, slug=vendor)
    simulated.is_down = request.POST.get("down") == "1"
    simulated.save(update_fields=["is_down"])
    return redirect("sandbox-overview")


@require_POST
def play(request: HttpRequest) -> HttpResponse:
    """Seat a new test player and open the game in the browser."""
    form = PlayForm(request.POST)
    if not form.is_valid():
        return _render(request, ControlForm(instance=SimulatorControl.current()), form, status=400)
    slug, _, code = form.cleaned_data["game"].partition("/")
    vendor = get_object_or_404(SimulatedVendor, slug=slug)
    currency: str = form.cleaned_data["currency"]
    seat = seat_player(
        provider=slug,
        user_id="",
        currency=currency,
        cash=Money.from_decimal(form.cleaned_data["cash"], currency),
        promo=None,
        blocked=None,
        game_code=code,
        now=clock.now(),
    )
    session = open_session(
        vendor=vendor,
        game_code=code,
        currency=currency,
        user=str(seat.player.public_id),
        token=seat.token,
        lobby_url=request.build_absolute_uri(reverse("sandbox-overview")),
    )
    return HttpResponseRedirect(client_address(session))


@require_safe
def figures(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """The figures alone, for the page to follow."""
    rows = [asdict(row) | {"rtp_is_plausible": row.rtp_is_plausible} for row in vendor_figures()]
    return JsonResponse({"vendors": rows, "control": str(SimulatorControl.current())})


def _render(request: HttpRequest, control: ControlForm, play_form: PlayForm, status: int = 200) -> HttpResponse:
    context = {
        "control": control,
        "faults": [control[name] for name in _FAULTS],
        "play": play_form,
        "figures": vendor_figures(),
        "is_set_up": SimulatedVendor.objects.exists(),
        "down": set(SimulatedVendor.objects.filter(is_down=True).values_list("slug", flat=True)),
    }
    return render(request, "sandbox/overview.html", context, status=status)
