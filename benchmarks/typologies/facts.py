"""Facts of planted stories name only what the story is about; the rest of what is declared is filled in here."""

from collections.abc import Mapping
from typing import Any, get_args

from apps.integrations.fact_kinds import Shape, fact_kind


def filled(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a fact's data with empty values of the declared types, so that only what a story says can matter."""
    declared = fact_kind(kind)
    assert declared is not None, kind
    return {**{name: _nothing(shape) for name, shape in declared.always.items()}, **data}


def _nothing(shape: Shape) -> Any:
    allowed = get_args(shape) or (shape,)
    return None if type(None) in allowed else allowed[0]()
