"""
The simulated registers' interfaces, and the handle by which a tester makes them slow, wrong, silent or down.

Whoever is called Excluded or Previously is in every register, so that a stranger can try it at once.
"""

import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import date
from functools import wraps
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.sandbox.models import SimulatedExclusion, SimulatedRegister

Mode = SimulatedRegister.Mode
_LARGEST_BATCH = 1000
# Longer than anybody waits, short enough that no thread of a demo is held for good.
_SILENCE_SECONDS = 8.0
_ALWAYS = {"excluded": "excluded", "previously": "previously_excluded"}
_LETTERS = {"excluded": "Y", "clear": "N", "previously_excluded": "P"}

Answer = Callable[[HttpRequest, SimulatedRegister], HttpResponse]


def _register(answer: Answer) -> Callable[[HttpRequest, str], HttpResponse]:
    """Check the key, and be as slow, silent or down as the register is set to be."""

    @csrf_exempt
    @require_http_methods(["POST"])
    @wraps(answer)
    def view(request: HttpRequest, slug: str) -> HttpResponse:
        register = get_object_or_404(SimulatedRegister, slug=slug)
        if not hmac.compare_digest(request.headers.get("X-API-Key", "").encode(), register.api_key.encode()):
            return JsonResponse({"error": "wrong API key"}, status=403)
        if register.mode == Mode.DOWN:
            return JsonResponse({"error": "out of order"}, status=503)
        if register.mode in (Mode.SLOW, Mode.SILENT):
            time.sleep(_SILENCE_SECONDS if register.mode == Mode.SILENT else float(register.delay_seconds))
        if register.mode == Mode.SILENT:
            return HttpResponse(status=500)
        return answer(request, register)

    return view


@_register
def gamstop(request: HttpRequest, register: SimulatedRegister) -> HttpResponse:
    """GAMSTOP's single check: a form in, the header X-Exclusion out."""
    said = _answer(register, request.POST.get("lastName", ""), request.POST.get("dateOfBirth", ""), request.POST)
    if said is None:
        return JsonResponse({"error": "lastName, dateOfBirth and email are needed"}, status=400)
    letter = "MAYBE" if register.mode == Mode.WRONG else _LETTERS[said]
    return HttpResponse(headers={"X-Exclusion": letter})


@_register
def gamstop_batch(request: HttpRequest, register: SimulatedRegister) -> HttpResponse:
    """GAMSTOP's batch: a list in, a list out."""
    rows = _json(request)
    if not isinstance(rows, list) or len(rows) > _LARGEST_BATCH:
        return JsonResponse({"error": "a list of at most 1000"}, status=400)
    answers = [
        {"correlationId": row.get("correlationId"), "exclusion": _LETTERS.get(str(said), "?")}
        for row in rows
        for said in [_answer(register, row.get("lastName", ""), row.get("dateOfBirth", ""), row)]
    ]
    return JsonResponse(answers[1:] if register.mode == Mode.WRONG else answers, safe=False)


@_register
def gateway(request: HttpRequest, register: SimulatedRegister) -> HttpResponse:
    """The operator's gateway to a register whose own protocol only licensees are given."""
    document = _json(request)
    subjects = document.get("subjects") if isinstance(document, dict) else None
    if not isinstance(subjects, list):
        return JsonResponse({"error": "subjects is a list"}, status=400)
    answers = [
        {"reference": row.get("reference"), "answer": _answer(register, row["last_name"], row["birth_date"], row)}
        for row in subjects
    ]
    if register.mode == Mode.WRONG:
        answers = [{**each, "answer": "perhaps"} for each in answers]
    return JsonResponse({"answers": answers})


@csrf_exempt
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Show or set how the register behaves: `{"mode": "normal|slow|wrong|silent|down", "delay_seconds"?}`."""
    register = get_object_or_404(SimulatedRegister, slug=slug)
    if request.method == "POST":
        document = _json(request)
        if not isinstance(document, dict) or document.get("mode") not in Mode.values:
            return JsonResponse({"error": f"mode is one of {', '.join(Mode.values)}"}, status=400)
        register.mode = document["mode"]
        register.delay_seconds = document.get("delay_seconds", register.delay_seconds)
        register.save(update_fields=["mode", "delay_seconds"])
        register.refresh_from_db()
    return JsonResponse({"mode": register.mode, "delay_seconds": float(register.delay_seconds)})


@csrf_exempt
@require_http_methods(["POST"])
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Put somebody into the register: `{"last_name", "birth_date", "email"?, "is_over"?}`."""
    register = get_object_or_404(SimulatedRegister, slug=slug)
    document = _json(request)
    born = _date(document.get("birth_date")) if isinstance(document, dict) else None
    if born is None or not document.get("last_name"):
        return JsonResponse({"error": "last_name and birth_date are needed"}, status=400)
    SimulatedExclusion.objects.create(
        register=register,
        last_name=str(document["last_name"])[:80],
        birth_date=born,
        email=str(document.get("email", ""))[:254],
        is_over=bool(document.get("is_over")),
    )
    return JsonResponse({"success": True}, status=201)


def _answer(register: SimulatedRegister, last_name: str, birth_date: str, row: Mapping[str, Any]) -> str | None:
    """What the register knows of a person; None where it was not told enough."""
    born, email = _date(birth_date), str(row.get("email", ""))
    if born is None or not last_name:
        return None
    always = _ALWAYS.get(last_name.casefold())
    if always is not None:
        return always
    found = register.people.filter(Q(email__iexact=email) | Q(email=""), last_name__iexact=last_name, birth_date=born)
    person = found.order_by("is_over").first()
    if person is None:
        return "clear"
    return "previously_excluded" if person.is_over else "excluded"


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _json(request: HttpRequest) -> Any:
    try:
        return json.loads(request.body)
    except ValueError:
        return None
