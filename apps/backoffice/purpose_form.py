"""What somebody is asked before personal data are shown: which, and what for."""

from django import forms
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from apps.backoffice.personal_data import FIELDS
from apps.core.admin_actions import ActionForm


class PurposeForm(ActionForm):
    """Asks what somebody needs to see, and what for."""

    fields_wanted = forms.MultipleChoiceField(
        label="What", choices=tuple(FIELDS.items()), widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )
    purpose = forms.CharField(
        min_length=5,
        max_length=300,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Recorded with your name, the player and the time; auditors read it.",
    )
