"""`/providers/{integration}/…`: the paths below an integration belong to its protocol."""

from django.urls import path

from apps.providers.webhooks.views import ProviderCall

app_name = "provider_webhooks"
urlpatterns = [path("<slug:slug>/<path:path>", ProviderCall.as_view(), name="call")]
