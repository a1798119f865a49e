"""Addresses under /sandbox/vendors/. What is not a page is the vendor's API, which the platform calls."""

from django.urls import path

from apps.sandbox.vendors import client, launch_api, listings

urlpatterns = [
    path("<slug:vendor>/play", client.client_page, name="sandbox-client"),
    path("<slug:vendor>/play/state", client.client_state, name="sandbox-client-state"),
    path("<slug:vendor>/play/spin", client.client_spin, name="sandbox-client-spin"),
    path("<slug:vendor>/rounds/<str:reference>", client.round_page, name="sandbox-vendor-round"),
    path("<slug:vendor>/thumbnails/<slug:code>.svg", client.thumbnail, name="sandbox-thumbnail"),
    path("<slug:vendor>/catalogue", listings.settings, name="sandbox-catalogue"),
    path("<slug:vendor>/<path:path>", launch_api.call, name="sandbox-vendor-api"),
]
