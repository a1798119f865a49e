"""`/kyc/{integration}/webhook`."""

from django.urls import path

from apps.verification.webhooks.views import KycWebhook

app_name = "kyc_webhooks"
urlpatterns = [path("<slug:slug>/webhook", KycWebhook.as_view(), name="webhook")]
