"""Addresses under /sandbox/. Mounted only where SANDBOX=1."""

from django.urls import URLPattern, URLResolver, include, path

from apps.sandbox import operator_hooks, pages
from apps.sandbox.api.views import EvolutionSidView, SandboxClockView, SandboxPlayerView, SandboxSessionView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.overview, name="sandbox-overview"),
    path("simulator", pages.set_control, name="sandbox-control"),
    path("simulator/figures", pages.figures, name="sandbox-figures"),
    path("simulator/vendors/<slug:vendor>", pages.switch_vendor, name="sandbox-switch-vendor"),
    path("play", pages.play, name="sandbox-play"),
    path("session", SandboxSessionView.as_view(), name="sandbox-session"),
    path("players/<str:user_id>", SandboxPlayerView.as_view(), name="sandbox-player"),
    path("evolution/sid", EvolutionSidView.as_view(), name="sandbox-evolution-sid"),
    path("clock", SandboxClockView.as_view(), name="sandbox-clock"),
    path("vendors/operator/hooks", operator_hooks.hooks, name="sandbox-operator-hooks"),
    # Before the game vendors, whose last pattern takes everything.
    path("vendors/", include("apps.sandbox.psps.urls")),
    path("vendors/registers/", include("apps.sandbox.registers.urls")),
    path("vendors/", include("apps.sandbox.kyc.urls")),
    path("vendors/", include("apps.sandbox.vendors.urls")),
]
