"""What every operation of the public API may answer, for its OpenAPI description."""

from typing import Any

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A refusal, as RFC 9457 has it. `type` leads to a page that explains it.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable, in kebab-case."},
        "request_id": {"type": "string", "nullable": True, "description": "Quote it to support."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string", "description": "Path with dots; empty for the request as a whole."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": True,
}


def add_problem_responses(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Drf-spectacular postprocessing hook: each operation may answer with a problem document."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
    answer = {
        "description": "Problem",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"].setdefault("default", answer)
    return result
