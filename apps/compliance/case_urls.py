"""Paths of the compliance desk; they stand before the admin's own."""

from django.urls import path

from apps.compliance import desk_page, figures_page

app_name = "compliance"

urlpatterns = [
    path("admin/compliance/desk/", desk_page.desk, name="desk"),
    path("admin/compliance/desk/next/", desk_page.next_case, name="next"),
    path("admin/compliance/desk/read/", desk_page.read_notices, name="read-notices"),
    path("admin/compliance/desk/second/<int:request_id>/", desk_page.second_person, name="second"),
    path("admin/compliance/desk/hand-out/", desk_page.hand_out, name="hand-out"),
    path("admin/compliance/desk/views/", desk_page.keep_view, name="keep-view"),
    path("admin/compliance/desk/views/<int:view_id>/forget/", desk_page.forget_view, name="forget-view"),
    path("admin/compliance/desk/figures/", figures_page.figures, name="figures"),
]
