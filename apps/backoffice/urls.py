"""Paths of the pages that belong to no single model; mounted before the admin's own, so that its log-in is ours."""

from django.urls import path

from apps.backoffice import (
    case_personal,
    change_desk,
    game_calendar,
    home,
    incomplete_page,
    kept_views,
    lobby_page,
    pages,
    reads_page,
    sessions_page,
    setup_pages,
    staff_login,
    studio_page,
)

app_name = "backoffice"

urlpatterns = [
    path("admin/login/", staff_login.staff_login, name="login"),
    path("admin/second-factor/", staff_login.second_factor_page, name="second-factor"),
    path("admin/live/", home.live_page, name="live"),
    path("admin/trace/", pages.trace_page, name="trace"),
    path("admin/books/", pages.books_page, name="books"),
    path("admin/help/", pages.help_page, name="help"),
    path("admin/incomplete-rounds/", incomplete_page.incomplete_page, name="incomplete-rounds"),
    path("admin/incomplete-rounds/void/", incomplete_page.void_page, name="void-incomplete-rounds"),
    path("admin/sessions/", sessions_page.sessions_page, name="sessions"),
    path("admin/sessions/end/", sessions_page.end_page, name="end-sessions"),
    path("admin/looks/", reads_page.looks_page, name="looks"),
    path("admin/cases/<int:case_id>/personal/", case_personal.show_in_case, name="show-in-case"),
    path("admin/views/keep/", kept_views.keep, name="keep-view"),
    path("admin/views/<int:view_id>/", kept_views.follow, name="view"),
    path("admin/views/<int:view_id>/forget/", kept_views.forget, name="forget-view"),
    path("admin/catalogue/changes/", change_desk.decide_page, name="decide-changes"),
    path("admin/catalogue/calendar/", game_calendar.calendar_page, name="game-calendar"),
    path("admin/catalogue/lobby/", lobby_page.lobbies_page, name="lobbies"),
    path("admin/catalogue/lobby/<slug:code>/", lobby_page.lobby_page, name="lobby"),
    path("admin/catalogue/studio/<int:studio_id>/", studio_page.step_page, name="studio-step"),
    path("admin/set-up/brand/", setup_pages.new_brand, name="new-brand"),
    path("admin/set-up/market/", setup_pages.new_market, name="new-market"),
    path("admin/set-up/vendor/", setup_pages.choose_vendor, name="new-vendor"),
    path("admin/set-up/vendor/<slug:kind>/<slug:vendor>/", setup_pages.connect, name="connect-vendor"),
]
