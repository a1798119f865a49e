"""Paths of the player API of payments, below /api/v1/."""

from django.urls import path

from apps.payments.api import views

urlpatterns = [
    path("payment-methods", views.PaymentMethodsView.as_view(), name="payment-methods"),
    path("instruments", views.InstrumentsView.as_view(), name="instruments"),
    path("deposits", views.DepositsView.as_view(), name="deposits"),
    path("deposits/<uuid:public_id>", views.DepositView.as_view(), name="deposit"),
    path("withdrawals", views.WithdrawalsView.as_view(), name="withdrawals"),
    path("withdrawals/plan", views.WithdrawalPlanView.as_view(), name="withdrawal-plan"),
    path("withdrawals/<uuid:public_id>", views.WithdrawalView.as_view(), name="withdrawal"),
    path("withdrawals/<uuid:public_id>/cancel", views.WithdrawalCancelView.as_view(), name="withdrawal-cancel"),
]
