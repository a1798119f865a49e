"""What the pages of offers ask for."""

import json
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.bonuses.models import OfferVersion
from apps.bonuses.terms import OfferTermsNotSound, read_terms
from apps.brands.models import Brand
from apps.core.admin_actions import ActionForm, reason_field
from apps.core.money import Money, MoneyError
from apps.players.models import Player

_MOMENT = UnfoldAdminTextInputWidget(attrs={"placeholder": "2027-01-01 00:00"})
# What a new offer begins with: a share of a deposit on terms that every modelled law allows.
_EXAMPLE: dict[str, Any] = {
    "kind": "deposit_match",
    "percent": 100,
    "jurisdictions": ["MT"],
    "amounts": [
        {
            "currency": "EUR", "maximum": "100.00", "minimum_deposit": "10.00", "stake_limit": "5.00",
            "conversion_limit": None,
        }
    ],
    "wagering": {"times": "10", "of": "bonus", "stakes": "all", "categories": {"slot": 100}, "games": {}},
    "days_to_claim": 7,
    "days_to_wager": 30,
    "audience": {"kind": "new", "days": 14},
    "per_player": 1,
    "per_household": 1,
    "on_withdrawal": "keep",
    "text": "Say here in plain words what the player gets and what is asked of him.",
}  # fmt: skip


class TermsForm(ActionForm):
    """The terms of a version, and when it holds."""

    valid_from = forms.DateTimeField(label="In force from (UTC)", widget=_MOMENT)
    valid_to = forms.DateTimeField(
        label="Until (UTC)",
        required=False,
        widget=_MOMENT,
        help_text="Empty: until a later version begins, or it is stopped.",
    )
    terms = forms.CharField(
        max_length=200_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 26, "spellcheck": "false", "class": "mono"}),
        help_text=(
            "As JSON. Amounts are decimal texts, shares whole percents. kind: deposit_match, fixed (amount instead of"
            " maximum and percent). of: bonus, bonus_and_deposit. stakes: all, bonus. audience: all; new with days;"
            " listed with players (ids). on_withdrawal: keep, forfeit."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        begins_with = self.target.terms if isinstance(self.target, OfferVersion) else _EXAMPLE
        self.initial["terms"] = json.dumps(begins_with, indent=2, ensure_ascii=False)

    def clean_terms(self) -> dict[str, Any]:
        """Only what makes sense is written down."""
        try:
            terms = json.loads(self.cleaned_data["terms"])
        except ValueError as error:
            raise forms.ValidationError(f"This is no JSON: {error}") from error
        if not isinstance(terms, dict):
            raise forms.ValidationError("The terms are a JSON object.")
        try:
            read_terms(terms)
        except OfferTermsNotSound as refusal:
            raise forms.ValidationError(refusal.detail or refusal.title) from refusal
        return terms


class NewOfferForm(TermsForm):
    """An offer that does not exist yet."""

    brand = forms.ModelChoiceField(Brand.objects.none(), widget=UnfoldAdminSelectWidget())
    code = forms.SlugField(
        max_length=40, widget=UnfoldAdminTextInputWidget(), help_text="For staff and reports; it never changes."
    )
    name = forms.CharField(max_length=80, widget=UnfoldAdminTextInputWidget(), help_text="As players read it.")
    field_order = ("brand", "code", "name", "valid_from", "valid_to", "terms")

    def __init__(self, *args: Any, brands: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["brand"]
        field.queryset = brands


class GiveForm(ActionForm):
    """Who gets the bonus, how much, and why."""

    username = forms.CharField(max_length=64, widget=UnfoldAdminTextInputWidget())
    amount = forms.CharField(max_length=32, widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}))
    currency = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    reason = reason_field(300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, OfferVersion):
            choice: Any = self.fields["currency"]
            choice.choices = [(each, each) for each in self.target.currencies]

    def clean(self) -> dict[str, Any]:
        """The player of this brand, and the amount as money."""
        data = super().clean() or {}
        version = self.target
        assert isinstance(version, OfferVersion)  # noqa: S101 - it is on an offer's page
        if "username" in data:
            data["player"] = Player.objects.filter(
                brand_id=version.offer.brand_id, username=data["username"].strip()
            ).first()  # fmt: skip
            if data["player"] is None:
                self.add_error("username", "There is no such player of the brand.")
        if "amount" in data and "currency" in data:
            try:
                data["money"] = Money.parse(data["amount"].strip(), data["currency"])
            except MoneyError as error:
                self.add_error("amount", str(error))
        return data
