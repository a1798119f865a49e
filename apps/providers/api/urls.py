"""Addresses under /api/v1/ that are about games."""

from django.urls import path

from apps.providers.api.round_views import RoundsView
from apps.providers.api.views import GameSessionsView, GameSessionView, GamesView, LaunchView

urlpatterns = [
    path("games", GamesView.as_view(), name="games"),
    path("games/<slug:code>/launch", LaunchView.as_view(), name="launch"),
    path("game-sessions", GameSessionsView.as_view(), name="game-sessions"),
    path("game-sessions/<uuid:session>", GameSessionView.as_view(), name="game-session"),
    path("rounds", RoundsView.as_view(), name="rounds"),
]
