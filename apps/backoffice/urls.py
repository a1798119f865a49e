"""Paths of the pages that belong to no single model; mounted before the admin's own, so that its log-in is ours."""

from django.urls import path

from apps.backoffice import home, kept_views, pages, reads_page, sessions_page, setup_pages, staff_login

app_name = "backoffice"

urlpatterns = [
    path("admin/login/", staff_login.staff_login, name="login"),
    path("admin/second-factor/", staff_login.second_factor_page, name="second-factor"),
    path("admin/live/", home.live_page, name="live"),
    path("admin/trace/", pages.trace_page, name="trace"),
    path("admin/books/", pages.books_page, name="books"),
    path("admin/help/", pages.help_page, name="help"),
    path("admin/sessions/", sessions_page.sessions_page, name="sessions"),
    path("admin/sessions/end/", sessions_page.end_page, name="end-sessions"),
    path("admin/looks/", reads_page.looks_page, name="looks"),
    path("admin/views/keep/", kept_views.keep, name="keep-view"),
    path("admin/views/<int:view_id>/", kept_views.follow, name="view"),
    path("admin/views/<int:view_id>/forget/", kept_views.forget, name="forget-view"),
    path("admin/set-up/brand/", setup_pages.new_brand, name="new-brand"),
    path("admin/set-up/market/", setup_pages.new_market, name="new-market"),
    path("admin/set-up/vendor/", setup_pages.choose_vendor, name="new-vendor"),
    path("admin/set-up/vendor/<slug:kind>/<slug:vendor>/", setup_pages.connect, name="connect-vendor"),
]
