"""Addresses under /sandbox/. Mounted only where SANDBOX=1."""

from django.urls import URLPattern, URLResolver, include, path

from apps.sandbox import operator_hooks, pages
from apps.sandbox.api.views import SandboxClockView, SandboxPlayerView, SandboxSessionView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.overview, name="sandbox-overview"),
    path("simulator", pages.set_control, name="sandbox-control"),
    path("simulator/figures", pages.figures, name="sandbox-figures"),
    path("play", pages.play, name="sandbox-play"),
    path("session", SandboxSessionView.as_view(), name="sandbox-session"),
    path("players/<str:user_id>", SandboxPlayerView.as_view(), name="sandbox-player"),
    path("clock", SandboxClockView.as_view(), name="sandbox-clock"),
    path("vendors/operator/hooks", operator_hooks.hooks, name="sandbox-operator-hooks"),
    # Before the game vendors, whose last pattern takes everything.
    path("vendors/", include("apps.sandbox.psps.urls")),
    path("vendors/", include("apps.sandbox.vendors.urls")),
]
