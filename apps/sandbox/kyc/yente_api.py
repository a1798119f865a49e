"""A simulated yente: `POST /match/{dataset}` over a few invented people, with a crude likeness of its own."""

import json
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.sandbox.kyc_models import SimulatedKycVendor

_CHANGED = "2026-11-01T00:00:00"


def _person(entity_id: str, name: str, born: str, country: str, *topics: str) -> dict[str, Any]:
    properties = {"name": [name], "birthDate": [born], "country": [country], "topics": list(topics)}
    return {
        "id": entity_id,
        "caption": name,
        "schema": "Person",
        "properties": properties,
        "datasets": ["invented"],
        "referents": [],
        "target": True,
        "last_change": _CHANGED,
    }


PEOPLE = (
    _person("NK-sim-1", "Zoltan Darvenko", "1961-03-14", "ua", "sanction"),
    _person("NK-sim-2", "Ottilie Brandvoss", "1970-01-30", "de", "role.pep"),
    _person("NK-sim-3", "Ludmila Astrakhanceva", "1972-06-17", "ru", "sanction"),
)


@csrf_exempt
@require_POST
def match(request: HttpRequest, dataset: str) -> HttpResponse:  # noqa: ARG001 - one list for all
    """Answer a batch of queries as yente does."""
    vendor = SimulatedKycVendor.objects.filter(slug="yente").first()
    if vendor is not None and not vendor.is_reachable:
        return HttpResponse(status=503)
    try:
        queries = json.loads(request.body)["queries"]
        threshold = float(request.GET.get("threshold", "0.7"))
        excluded = set(request.GET.getlist("exclude_entity_ids"))
        since = request.GET.get("changed_since", "")
        people = [
            each
            for each in PEOPLE
            if each["id"] not in excluded
            and (not since or datetime.fromisoformat(since).isoformat() <= each["last_change"])
        ]
        responses = {name: _response(query, people, threshold) for name, query in queries.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return JsonResponse({"detail": "Unprocessable"}, status=422)
    return JsonResponse({"responses": responses, "matcher": "simulated", "limit": 5})


def _response(query: dict[str, Any], people: list[dict[str, Any]], threshold: float) -> dict[str, Any]:
    name = " ".join(query["properties"]["name"]).lower()
    results = []
    for each in people:
        score = SequenceMatcher(None, sorted(name.split()), sorted(each["caption"].lower().split())).ratio()
        if score >= threshold:
            results.append({**each, "score": round(score, 3), "features": {"name": round(score, 3)}, "match": True})
    return {"status": 200, "results": results, "total": {"value": len(results), "relation": "eq"}, "query": query}
