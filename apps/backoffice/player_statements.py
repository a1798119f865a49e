"""What players told us, on their page: contacts with us, and the income they declared."""

from typing import Any, cast

from django import forms
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.compliance.contacts import RECORD_PERMISSION as CONTACT_PERMISSION
from apps.compliance.contacts import record_contact
from apps.compliance.models import PlayerContact
from apps.core.admin_actions import ActionForm, staff_action, staff_of
from apps.core.admin_display import amount_text
from apps.core.clock import now
from apps.core.money import Money, MoneyError
from apps.players.models import Player
from apps.verification.models import Document, IncomeDeclaration
from apps.verification.operations.facts import RECORD_PERMISSION as FACT_PERMISSION
from apps.verification.operations.income import declare_income

_SHOWN = 50


class ContactForm(ActionForm):
    """Asks how, about what, and for the words, which are counted and forgotten."""

    direction = forms.ChoiceField(choices=PlayerContact.Direction.choices, widget=UnfoldAdminSelectWidget())
    channel = forms.ChoiceField(choices=PlayerContact.Channel.choices, widget=UnfoldAdminSelectWidget())
    topic = forms.ChoiceField(choices=PlayerContact.Topic.choices, widget=UnfoldAdminSelectWidget())
    at = forms.DateTimeField(
        label="When (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "staff-input"}, format="%Y-%m-%dT%H:%M"),
    )
    reference = forms.CharField(
        label="Ticket or call number", required=False, max_length=80, widget=UnfoldAdminTextInputWidget(),
        help_text="Where the text lies. No names here.",
    )  # fmt: skip
    text = forms.CharField(
        label="What the player wrote or said",
        required=False,
        max_length=100_000,  # a letter with all it answers; what is cut off nobody reads
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text="Read once for words of concern and not kept; the help desk keeps it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["at"] = now().replace(second=0, microsecond=0)


class IncomeForm(ActionForm):
    """Asks what a player declared to earn."""

    amount = forms.CharField(
        label="A month, after tax", max_length=24, widget=UnfoldAdminTextInputWidget(),
        help_text="In main units, with a point: 2400.00",
    )  # fmt: skip
    currency = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    source = forms.ChoiceField(choices=IncomeDeclaration.Source.choices, widget=UnfoldAdminSelectWidget())
    document = forms.ModelChoiceField(
        Document.objects.none(), required=False, widget=UnfoldAdminSelectWidget(), to_field_name="public_id",
        empty_label="nothing yet",
        help_text="What shows it, if the player has sent anything.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, Player):
            fields = cast("Any", self.fields)
            codes = [self.target.currency, "EUR", "GBP", "SEK", "DKK", "CAD", "USD"]
            fields["currency"].choices = [(code, code) for code in dict.fromkeys(codes)]
            fields["document"].queryset = Document.objects.filter(player=self.target)

    def clean(self) -> dict[str, Any]:
        """Make one exact amount of it."""
        cleaned = super().clean() or self.cleaned_data
        if "amount" in cleaned and "currency" in cleaned:
            try:
                cleaned["monthly"] = Money.parse(cleaned["amount"].strip(), cleaned["currency"])
            except MoneyError as error:
                self.add_error("amount", str(error))
        return cleaned


class StatementActions:
    """Buttons of the player's page; a mixin of its admin class."""

    names = ("record_contact", "declare_income")

    @staff_action(
        title="Record a contact",
        permission=CONTACT_PERMISSION,
        form=ContactForm,
        description="That the player wrote or called, or we did. Words of concern raise an alert; no text is kept.",
        icon="forum",
    )
    def record_contact(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Keep it."""
        made = record_contact(
            player_id=obj.pk, channel=data["channel"], direction=data["direction"], topic=data["topic"],
            text=data["text"], reference=data["reference"], at=data["at"], actor=staff_of(request), now=now(),
        )  # fmt: skip
        if made.words:
            found = f"{made.words} {'word' if made.words == 1 else 'words'} of concern"
            return f"Recorded, with {found}. Those who look after players are told at once."
        return "Recorded."

    @staff_action(
        title="Record declared income",
        permission=FACT_PERMISSION,
        form=IncomeForm,
        description="What the player says to earn. Rules compare it with what is deposited.",
        icon="payments",
    )
    def declare_income(self, request: HttpRequest, obj: Player, data: dict[str, Any]) -> str:
        """Keep it."""
        document = data["document"].public_id if data["document"] else None
        made = declare_income(
            player_id=obj.pk, monthly=data["monthly"], source=data["source"], document=document,
            actor=staff_of(request), now=now(),
        )  # fmt: skip
        return f"Declared: {amount_text(made.monthly_units, made.currency)} a month."


def statements_context(player: Player, *, user: Any) -> dict[str, Any]:
    """What the tab shows: contacts, and for those who check identities the declared income; a query each."""
    contacts = PlayerContact.objects.filter(player=player).select_related("recorded_by")
    declared = IncomeDeclaration.objects.filter(player=player).select_related("document")
    sees_income = user.has_perm("verification.view_incomedeclaration")
    return {
        "contacts": list(contacts[:_SHOWN]),
        "incomes": (
            [(each, amount_text(each.monthly_units, each.currency)) for each in declared[:_SHOWN]]
            if sees_income
            else None
        ),
    }
