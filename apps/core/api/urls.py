"""Addresses under /api/problems/."""

from django.urls import path

from apps.core.api.views import problem_page, problem_pages

urlpatterns = [
    path("", problem_pages, name="problems"),
    path("<slug:code>", problem_page, name="problem"),
]
