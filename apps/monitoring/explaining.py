"""Explanations: a template of plain words, filled with values by name. Nothing of a template is executed."""

import re
from collections.abc import Mapping
from decimal import Decimal

from apps.monitoring.expressions.values import INFINITE, Value, shown

_PLACE = re.compile(r"\{([A-Za-z_][\w.]*)(?::(money|percent|number|hours|text))?\}")


def names_in(template: str) -> set[str]:
    """The names that a template wants filled."""
    return {match[1] for match in _PLACE.finditer(template)}


def filled(template: str, values: Mapping[str, Value], *, currency: str) -> str:
    """Fill a template. A name without a value shows as a question mark, so that a gap is seen."""

    def place(match: re.Match[str]) -> str:
        name, style = match[1], match[2] or ""
        return _styled(values[name], style, currency) if name in values else "?"

    return _PLACE.sub(place, template)


def _styled(value: Value, style: str, currency: str) -> str:
    if not isinstance(value, Decimal) or value == INFINITE:
        return shown(value)
    if style == "money":
        return f"{value.quantize(Decimal('0.01')):,f} {currency}"
    if style == "percent":
        return f"{(value * 100).quantize(Decimal('0.1')).normalize():f} %"
    if style == "hours":
        return f"{value.quantize(Decimal('0.1')):f} h"
    return shown(value)
