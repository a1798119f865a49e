"""Addresses under /api/v1/ of safer play."""

from django.urls import path

from apps.safer_play.api.views import (
    ExclusionsView,
    ExclusionVisitsView,
    ExclusionVisitView,
    LimitsView,
    MarketingView,
    PendingLimitView,
    RealityCheckView,
    ReturnView,
    ReviewsView,
    ReviewView,
    SittingView,
)

urlpatterns = [
    path("limits", LimitsView.as_view(), name="limits"),
    path("limits/changes/<uuid:id>", PendingLimitView.as_view(), name="limit-change"),
    path("exclusions", ExclusionsView.as_view(), name="exclusions"),
    path("exclusions/visits", ExclusionVisitsView.as_view(), name="exclusion-visits"),
    path("exclusions/visits/<uuid:id>", ExclusionVisitView.as_view(), name="exclusion-visit"),
    path("exclusions/<uuid:id>/return", ReturnView.as_view(), name="exclusion-return"),
    path("play-session", SittingView.as_view(), name="play-session"),
    path("reality-check", RealityCheckView.as_view(), name="reality-check"),
    path("reviews", ReviewsView.as_view(), name="reviews"),
    path("reviews/<slug:kind>", ReviewView.as_view(), name="review"),
    path("marketing", MarketingView.as_view(), name="marketing"),
]
