"""The simulated Sumsub's API: applicants, hosted links, reviews. Every request has to be signed."""

import hashlib
import hmac
import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.sandbox.kyc.journal import make_applicant, make_session
from apps.sandbox.kyc.protocols import sumsub_applicant, sumsub_review
from apps.sandbox.kyc_models import SimulatedKycSession, SimulatedKycVendor

_PREFIX = "/sandbox/vendors/sumsub"


@csrf_exempt
@require_POST
def applicants(request: HttpRequest) -> HttpResponse:
    """Enter a person under the client's reference; a second one under the same reference is refused."""
    vendor, body = _verified(request)
    if vendor is None:
        return _refusal()
    reference = str(body.get("externalUserId", ""))
    if not reference or not request.GET.get("levelName"):
        return JsonResponse({"code": 400, "description": "externalUserId, levelName"}, status=400)
    known = SimulatedKycSession.objects.filter(applicant__vendor=vendor, reference=reference).first()
    if known is not None:
        return JsonResponse({"code": 409, "description": "Applicant already exists"}, status=409)
    fixed = body.get("fixedInfo")
    applicant = make_applicant(vendor, person=fixed if isinstance(fixed, dict) else {}, reference=reference)
    session = make_session(
        applicant, session_id=applicant.applicant_id, reference=reference, level=request.GET["levelName"]
    )
    return JsonResponse(sumsub_applicant(session), status=201)


@csrf_exempt
@require_POST
def websdk_link(request: HttpRequest) -> HttpResponse:
    """Give a link to the hosted page."""
    vendor, body = _verified(request)
    if vendor is None:
        return _refusal()
    rows = SimulatedKycSession.objects.filter(applicant__vendor=vendor, reference=str(body.get("userId", "")))
    session = rows.first()
    if session is None:
        return JsonResponse({"code": 404, "description": "no such applicant"}, status=404)
    return JsonResponse({"url": request.build_absolute_uri(reverse("sandbox-kyc-session", args=[session.pk]))})


@require_safe
def status(request: HttpRequest, applicant_id: str) -> HttpResponse:
    """Show the review."""
    session, refusal = _session(request, session_id=applicant_id)
    if session is None:
        return refusal
    decided = session.decided_at.isoformat() if session.decided_at else None
    return JsonResponse({**sumsub_review(session), **({"reviewDate": decided} if decided else {})})


@require_safe
def one(request: HttpRequest, applicant_id: str) -> HttpResponse:
    """Show an applicant."""
    session, refusal = _session(request, session_id=applicant_id)
    return refusal if session is None else JsonResponse(sumsub_applicant(session))


@require_safe
def one_by_reference(request: HttpRequest, reference: str) -> HttpResponse:
    """Show an applicant by the client's own reference."""
    session, refusal = _session(request, reference=reference)
    return refusal if session is None else JsonResponse(sumsub_applicant(session))


def _session(request: HttpRequest, **by: str) -> tuple[SimulatedKycSession | None, HttpResponse]:
    vendor, _ = _verified(request)
    if vendor is None:
        return None, _refusal()
    rows = SimulatedKycSession.objects.select_related("applicant__vendor").filter(applicant__vendor=vendor, **by)
    return rows.first(), JsonResponse({"code": 404}, status=404)


def _refusal() -> HttpResponse:
    vendor = SimulatedKycVendor.objects.filter(slug="sumsub").first()
    return HttpResponse(status=503 if vendor is not None and not vendor.is_reachable else 401)


def _verified(request: HttpRequest) -> tuple[SimulatedKycVendor | None, dict[str, Any]]:
    """Check the signature over timestamp, method, path with query, and body."""
    vendor = SimulatedKycVendor.objects.filter(slug="sumsub", is_reachable=True).first()
    if vendor is None:
        return None, {}
    path = request.get_full_path().removeprefix(_PREFIX)
    signed = f"{request.headers.get('X-App-Access-Ts', '')}{request.method}{path}".encode() + request.body
    expected = hmac.new(str(vendor.secrets["secret_key"]).encode(), signed, hashlib.sha256).hexdigest()
    token = request.headers.get("X-App-Token", "")
    given = request.headers.get("X-App-Access-Sig", "")
    if token != vendor.secrets["app_token"] or not hmac.compare_digest(expected.encode(), given.encode()):
        return None, {}
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        return vendor, {}
    return vendor, body if isinstance(body, dict) else {}
