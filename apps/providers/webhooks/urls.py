"""`/providers/{integration}/…`: the paths below an integration belong to its protocol."""

from django.urls import path

import apps.integrations.vendor_paths  # noqa: F401 - registers the converter
from apps.providers.webhooks.views import ProviderCall

app_name = "provider_webhooks"
urlpatterns = [path("<slug:slug>/<vendor_path:path>", ProviderCall.as_view(), name="call")]
