"""The simulated Onfido's API v3.6: applicants and workflow runs."""

import hmac
import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.sandbox.kyc.journal import make_applicant, make_session
from apps.sandbox.kyc.protocols import onfido_run
from apps.sandbox.kyc_models import SimulatedApplicant, SimulatedKycSession, SimulatedKycVendor


@csrf_exempt
@require_POST
def applicants(request: HttpRequest) -> HttpResponse:
    """Enter a person."""
    vendor, body = _verified(request)
    if vendor is None:
        return _refusal(request)
    if not body.get("first_name") or not body.get("last_name"):
        return JsonResponse({"error": {"type": "validation_error", "message": "first_name, last_name"}}, status=422)
    made = make_applicant(vendor, person={name: body.get(name, "") for name in ("first_name", "last_name", "dob")})
    return JsonResponse({"id": made.applicant_id, "sandbox": True, **made.person}, status=201)


@csrf_exempt
@require_POST
def workflow_runs(request: HttpRequest) -> HttpResponse:
    """Open a run with a hosted link."""
    vendor, body = _verified(request)
    if vendor is None:
        return _refusal(request)
    applicant = SimulatedApplicant.objects.filter(vendor=vendor, applicant_id=str(body.get("applicant_id"))).first()
    if applicant is None or not body.get("workflow_id"):
        return JsonResponse({"error": {"type": "validation_error", "message": "applicant_id"}}, status=422)
    link = body.get("link")
    session = make_session(
        applicant,
        reference=str(body.get("customer_user_id", "")),
        level=str(body["workflow_id"]),
        return_url=str(link.get("completed_redirect_url", "")) if isinstance(link, dict) else "",
    )
    url = request.build_absolute_uri(reverse("sandbox-kyc-session", args=[session.pk]))
    return JsonResponse({**onfido_run(session), "link": {"url": url, "expires_at": None}}, status=201)


@require_safe
def workflow_run(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show a run."""
    vendor, _ = _verified(request)
    if vendor is None:
        return _refusal(request)
    rows = SimulatedKycSession.objects.select_related("applicant__vendor").filter(applicant__vendor=vendor)
    found = rows.filter(session_id=run_id).first()
    return HttpResponse(status=404) if found is None else JsonResponse(onfido_run(found))


def _refusal(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - reads well beside the others
    vendor = SimulatedKycVendor.objects.filter(slug="onfido").first()
    return HttpResponse(status=503 if vendor is not None and not vendor.is_reachable else 401)


def _verified(request: HttpRequest) -> tuple[SimulatedKycVendor | None, dict[str, Any]]:
    vendor = SimulatedKycVendor.objects.filter(slug="onfido", is_reachable=True).first()
    given = request.headers.get("Authorization", "").encode()
    if vendor is None or not hmac.compare_digest(f"Token token={vendor.secrets['api_token']}".encode(), given):
        return None, {}
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        return vendor, {}
    return vendor, body if isinstance(body, dict) else {}
