"""`/psp/{integration}/…`: the paths below an integration belong to its protocol."""

from django.urls import path

from apps.payments.webhooks.views import PspCall

app_name = "psp_webhooks"
urlpatterns = [path("<slug:slug>/<path:path>", PspCall.as_view(), name="call")]
