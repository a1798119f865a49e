"""What the buttons of the catalogue ask for."""

from typing import Any, cast

from django import forms
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.brands.models import Brand, Jurisdiction
from apps.core.admin_actions import ReasonForm, reason_field
from apps.core.admin_base import brand_scope
from apps.providers.catalogue import MAX_REASON_LENGTH
from apps.providers.models import Game, RtpVariant


class SwitchForm(ReasonForm):
    """The history keeps a hundred characters of the reason."""

    reason = reason_field(MAX_REASON_LENGTH)


class BrandSwitchForm(SwitchForm):
    """Asks for which brand."""

    brand = forms.ModelChoiceField(queryset=Brand.objects.none(), widget=UnfoldAdminSelectWidget())
    enabled = forms.TypedChoiceField(
        label="At this brand",
        choices=(("yes", "Offer it"), ("no", "Do not offer it")),
        coerce=lambda value: value == "yes",
        widget=UnfoldAdminSelectWidget(),
    )
    field_order = ("brand", "enabled", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scope = brand_scope(self.user) if self.user is not None else None
        brands = Brand.objects.all() if scope is None else Brand.objects.filter(pk__in=scope.ids)
        cast("forms.ModelChoiceField[Any]", self.fields["brand"]).queryset = brands


class _GameForm(SwitchForm):
    """Offers the variants of the game it is about."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        variants = RtpVariant.objects.none()
        if isinstance(self.target, Game):
            variants = RtpVariant.objects.filter(game=self.target)
        cast("forms.ModelChoiceField[Any]", self.fields["variant"]).queryset = variants


class VariantForm(_GameForm, BrandSwitchForm):
    """Asks which brand plays which variant."""

    variant = forms.ModelChoiceField(queryset=RtpVariant.objects.none(), widget=UnfoldAdminSelectWidget())
    enabled = None  # type: ignore[assignment]  # Django's way to leave a field of the base out
    field_order = ("brand", "variant", "reason")


class CertificateForm(_GameForm):
    """Asks what the certificate says."""

    jurisdiction = forms.ModelChoiceField(queryset=Jurisdiction.objects.all(), widget=UnfoldAdminSelectWidget())
    variant = forms.ModelChoiceField(
        queryset=RtpVariant.objects.none(), required=False, empty_label="All variants", widget=UnfoldAdminSelectWidget()
    )
    laboratory = forms.CharField(max_length=80, widget=UnfoldAdminTextInputWidget())
    reference = forms.CharField(max_length=80, widget=UnfoldAdminTextInputWidget())
    valid_from = forms.DateField(widget=UnfoldAdminDateWidget(attrs={"type": "date"}))
    valid_to = forms.DateField(
        required=False, widget=UnfoldAdminDateWidget(attrs={"type": "date"}), help_text="Empty: without an end"
    )
    field_order = ("jurisdiction", "variant", "laboratory", "reference", "valid_from", "valid_to", "reason")


class WithdrawalForm(SwitchForm):
    """Asks for the day."""

    day = forms.DateField(
        label="Withdrawn on", required=False, widget=UnfoldAdminDateWidget(attrs={"type": "date"}),
        help_text="Empty: it is not withdrawn",
    )  # fmt: skip
    field_order = ("day", "reason")
