"""Paths of the pages that belong to no single model; mounted before the admin's own, so that its log-in is ours."""

from django.urls import path

from apps.backoffice import home, pages, staff_login

app_name = "backoffice"

urlpatterns = [
    path("admin/login/", staff_login.staff_login, name="login"),
    path("admin/second-factor/", staff_login.second_factor_page, name="second-factor"),
    path("admin/live/", home.live_page, name="live"),
    path("admin/trace/", pages.trace_page, name="trace"),
    path("admin/books/", pages.books_page, name="books"),
]
