"""How staff read and change the settings of a connection: the table's words, and the form."""

import json
from typing import Any, cast

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.core.admin_actions import ReasonForm
from apps.integrations.models import Integration
from apps.integrations.options import Setting, settings_of


class OptionForm(ReasonForm):
    """Asks for a setting and its new value, written as JSON; empty puts it back to the protocol's default."""

    option = forms.ChoiceField(label="Setting", widget=UnfoldAdminSelectWidget())
    value = forms.CharField(
        label="New value",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(),
        help_text='Plain text, a number, true or false, or a list such as ["cash"]. Empty: the protocol\'s default.',
    )
    field_order = ("option", "value", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = cast("Integration | None", self.target)
        names = [each.option.name for each in settings_of(present)] if present else []
        cast("forms.ChoiceField", self.fields["option"]).choices = [(name, name) for name in names]


def option_value(text: str) -> Any:
    """What a person typed: JSON where it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def shown_setting(setting: Setting) -> dict[str, Any]:
    """One row of the settings table, in words."""
    return {
        "option": setting.option,
        "value": _in_words(setting.value),
        "default": _in_words(setting.option.default),
        "is_default": setting.is_default,
    }


def _in_words(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", then ".join(value) if isinstance(value, list | tuple) else str(value)
