"""Paths of vendors, which the vendor lane resolves by themselves; `urls` mounts them too."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("providers/", include("apps.providers.webhooks.urls")),
    path("psp/", include("apps.payments.webhooks.urls")),
    path("kyc/", include("apps.verification.webhooks.urls")),
]
