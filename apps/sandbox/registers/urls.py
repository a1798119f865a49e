"""Addresses under /sandbox/vendors/registers/: what the platform asks, and what a tester sets."""

from django.urls import path

from apps.sandbox.registers import api

urlpatterns = [
    path("<slug:slug>/v2", api.gamstop, name="sandbox-register-gamstop"),
    path("<slug:slug>/batch/v2", api.gamstop_batch, name="sandbox-register-gamstop-batch"),
    path("<slug:slug>/check", api.gateway, name="sandbox-register-gateway"),
    path("<slug:slug>/settings", api.settings, name="sandbox-register-settings"),
    path("<slug:slug>/people", api.people, name="sandbox-register-people"),
]
