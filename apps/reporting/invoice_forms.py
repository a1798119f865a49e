"""What the buttons of an invoice ask."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.core.admin_actions import ActionForm, reason_field
from apps.core.admin_display import signed_amount_text
from apps.core.money import Money
from apps.integrations.models import Integration
from apps.reporting.day_field import day_field
from apps.reporting.invoicing.vendor_figures import HEADER
from apps.reporting.models import Invoice, ReportExport


class DrawForm(forms.Form):
    """Asks which provider's month."""

    integration = forms.ModelChoiceField(label="Provider", queryset=Integration.objects.none())
    month = day_field("Month (any day of it)", required=False)

    def __init__(self, integrations: QuerySet[Integration], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["integration"].queryset = integrations  # type: ignore[attr-defined]


class VendorForm(ActionForm):
    """Asks for the vendor's figures, line by line; ours to begin with."""

    figures = forms.CharField(
        label="Vendor's figures",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "spellcheck": "false", "class": "mono"}),
        help_text="One line each: line, currency, amount; as typed or pasted from a CSV file or a spreadsheet.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, Invoice):
            stated = {(each.key, each.currency): each.vendor_units for each in self.target.vendor_lines.all()}
            ours = {(each.key, each.currency): each.amount_units for each in self.target.lines.all()}
            rows = [f"{key},{code},{Money(units, code).format()}" for (key, code), units in (ours | stated).items()]
            self.initial["figures"] = "\n".join([",".join(HEADER), *rows])


class DecideForm(ActionForm):
    """Asks which difference, what we say to it, and why."""

    line = forms.TypedChoiceField(label="Line", coerce=int, widget=UnfoldAdminSelectWidget())
    accept = forms.TypedChoiceField(
        label="The vendor's figure is",
        choices=(("accepted", "accepted: we owe it"), ("disputed", "disputed: we owe ours")),
        coerce=lambda value: value == "accepted",
        widget=UnfoldAdminSelectWidget(),
    )
    reason = reason_field(300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = self.target.vendor_lines.all() if isinstance(self.target, Invoice) else ()
        self.fields["line"].choices = [  # type: ignore[attr-defined]
            (each.pk, f"{each.key}: {signed_amount_text(each.difference_units, each.currency)}")
            for each in lines
            if each.difference_units
        ]


class PaidForm(ActionForm):
    """Asks for the bank's reference."""

    reference = forms.CharField(label="Reference of the transfer", max_length=80, widget=UnfoldAdminTextInputWidget())


class ExportForm(ActionForm):
    """Asks for the format."""

    format = forms.ChoiceField(label="As", choices=ReportExport.Format.choices, widget=UnfoldAdminSelectWidget())
