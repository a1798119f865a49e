"""The public pages behind each problem's ``type``."""

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.core.problem_types import NOT_FOUND, ProblemType, all_problem_types, find_problem_type
from apps.core.problems import problem_response


@require_safe
def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """Explain one kind of problem, to a browser in HTML and to a program in JSON."""
    problem_type = find_problem_type(code)
    if problem_type is None:
        return problem_response(NOT_FOUND, "There is no such kind of problem.")
    if _wants_html(request):
        return render(request, "core/problem.html", {"problems": [problem_type], "heading": problem_type.title})
    return JsonResponse(_as_json(problem_type))


@require_safe
def problem_pages(request: HttpRequest) -> HttpResponse:
    """List every kind of problem."""
    problem_types = all_problem_types()
    if _wants_html(request):
        return render(request, "core/problem.html", {"problems": problem_types, "heading": "Problems"})
    return JsonResponse({"results": [_as_json(problem_type) for problem_type in problem_types]})


def _wants_html(request: HttpRequest) -> bool:
    preferred = request.get_preferred_type(["application/json", "text/html"])
    # A program that accepts anything gets JSON, a browser names HTML first.
    return preferred == "text/html" and request.headers.get("Accept", "*/*") != "*/*"


def _as_json(problem_type: ProblemType) -> dict[str, Any]:
    return {"type": problem_type.uri, **asdict(problem_type)}
