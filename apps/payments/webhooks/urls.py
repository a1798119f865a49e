"""`/psp/{integration}/…`: the paths below an integration belong to its protocol."""

from django.urls import path

import apps.integrations.vendor_paths  # noqa: F401 - registers the converter
from apps.payments.webhooks.views import PspCall

app_name = "psp_webhooks"
urlpatterns = [path("<slug:slug>/<vendor_path:path>", PspCall.as_view(), name="call")]
