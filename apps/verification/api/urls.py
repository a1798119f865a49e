"""Paths of the player API of verification, below /api/v1/."""

from django.urls import path

from apps.verification.api import views

urlpatterns = [
    path("verifications", views.VerificationsView.as_view(), name="verifications"),
    path("verifications/<uuid:public_id>", views.VerificationView.as_view(), name="verification"),
    path("verifications/income", views.IncomeView.as_view(), name="verification-income"),
    path("verification-documents", views.DocumentsView.as_view(), name="verification-documents"),
]
