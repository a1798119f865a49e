"""Paths behind the wall; they stand before the admin's own, and are part of no admin index."""

from django.urls import path

from apps.compliance_reports import pages

app_name = "filings"

urlpatterns = [
    path("admin/filings/", pages.listed, name="list"),
    path("admin/filings/case/<int:case_id>/", pages.of_case, name="of-case"),
    path("admin/filings/<uuid:public_id>/", pages.one, name="one"),
    path("admin/filings/<uuid:public_id>/document/", pages.document, name="document"),
    path("admin/filings/<uuid:public_id>/<slug:step>/", pages.press, name="press"),
]
