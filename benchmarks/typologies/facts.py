"""Facts of planted stories name only what the story is about; the rest of what is declared is filled in here."""

from collections.abc import Mapping
from typing import Any, get_args

from apps.integrations.fact_kinds import Shape, awaited_kinds, declare_facts, fact_kind


def record_awaited() -> None:
    """Let stories record what no app records yet; from here on this process plays those apps."""
    for kind, awaited in awaited_kinds().items():
        declare_facts([kind], {}, awaited.sometimes)


def filled(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """
    Complete a fact's data with empty values of the declared types, so that only what a story says can matter.

    :param data: as a story tells it; an amount is called `units`, whatever the kind calls it
    """
    declared = fact_kind(kind)
    assert declared is not None, kind
    told = dict(data)
    if "units" in told and "units" not in declared.names:
        told["amount_units"] = told.pop("units")
    return {**{name: _nothing(shape) for name, shape in declared.always.items()}, **told}


def _nothing(shape: Shape) -> Any:
    allowed = get_args(shape) or (shape,)
    return None if type(None) in allowed else allowed[0]()
