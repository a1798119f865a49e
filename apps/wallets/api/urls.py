"""Addresses under /api/v1/ that open wallets or show what is in them."""

from django.urls import path

from apps.wallets.api.registration import PlayersView
from apps.wallets.api.views import TransactionsView, WalletsView

urlpatterns = [
    path("players", PlayersView.as_view(), name="players"),
    path("wallets", WalletsView.as_view(), name="wallets"),
    path("transactions", TransactionsView.as_view(), name="transactions"),
]
