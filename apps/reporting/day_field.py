"""A day that staff name, within what calendars and the projections hold."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

_FIRST, _LAST = date(2000, 1, 1), date(2100, 1, 1)


def day_field(label: str, **terms: Any) -> forms.DateField:
    """Make the field; arithmetic with months stays within the calendar."""
    widget: Any = forms.DateInput(attrs={"type": "date"})
    bounds = [MinValueValidator(_FIRST), MaxValueValidator(_LAST)]
    return forms.DateField(label=label, validators=bounds, **{"widget": widget, **terms})
