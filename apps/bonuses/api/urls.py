"""Paths of the player API of bonuses, below /api/v1/."""

from django.urls import path

from apps.bonuses.api import views

urlpatterns = [
    path("bonuses", views.BonusesView.as_view(), name="bonuses"),
    path("bonuses/<uuid:public_id>/claim", views.ClaimView.as_view(), name="bonus-claim"),
    path("bonuses/<uuid:public_id>/forfeit", views.ForfeitView.as_view(), name="bonus-forfeit"),
]
