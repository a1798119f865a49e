"""Addresses under /api/v1/ that are about the player and their sessions."""

from django.urls import path

from apps.players.api.views import CurrentSessionView, MeView, SessionsView, SessionView

urlpatterns = [
    path("sessions", SessionsView.as_view(), name="sessions"),
    path("sessions/current", CurrentSessionView.as_view(), name="current-session"),
    path("sessions/<uuid:session>", SessionView.as_view(), name="session"),
    path("me", MeView.as_view(), name="me"),
]
