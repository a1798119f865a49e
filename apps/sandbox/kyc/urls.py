"""Addresses of the simulated identity vendors under /sandbox/vendors/: APIs that the platform calls, and pages."""

from django.urls import path

from apps.sandbox.kyc import onfido_api, pages, sumsub_api, yente_api

urlpatterns = [
    path("kyc", pages.overview, name="sandbox-kyc"),
    path("kyc/tell", pages.tell, name="sandbox-kyc-tell"),
    path("kyc/<slug:slug>/faults", pages.set_faults, name="sandbox-kyc-faults"),
    path("kyc/sessions/<int:session_id>", pages.session_page, name="sandbox-kyc-session"),
    path("kyc/sessions/<int:session_id>/act", pages.act, name="sandbox-kyc-act"),
    path("onfido/v3.6/applicants", onfido_api.applicants, name="sandbox-onfido-applicants"),
    path("onfido/v3.6/workflow_runs", onfido_api.workflow_runs, name="sandbox-onfido-runs"),
    path("onfido/v3.6/workflow_runs/<str:run_id>", onfido_api.workflow_run, name="sandbox-onfido-run"),
    path("sumsub/resources/applicants", sumsub_api.applicants, name="sandbox-sumsub-applicants"),
    path("sumsub/resources/applicants/-;externalUserId=<str:reference>/one", sumsub_api.one_by_reference),
    path("sumsub/resources/applicants/<str:applicant_id>/status", sumsub_api.status, name="sandbox-sumsub-status"),
    path("sumsub/resources/applicants/<str:applicant_id>/one", sumsub_api.one, name="sandbox-sumsub-one"),
    path("sumsub/resources/sdkIntegrations/levels/-/websdkLink", sumsub_api.websdk_link, name="sandbox-sumsub-link"),
    path("yente/match/<str:dataset>", yente_api.match, name="sandbox-yente"),
]
