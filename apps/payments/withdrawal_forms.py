"""What the buttons of a withdrawal ask before they act."""

from typing import Any

from django import forms
from django.contrib.auth.models import Permission, User
from django.db.models import Q, QuerySet
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from apps.core.admin_actions import ActionForm
from apps.payments.models import Withdrawal
from apps.payments.operations.decisions import digest_of
from apps.payments.operations.reasons import reasons_for


def deciders_of(withdrawal: Withdrawal) -> QuerySet[User]:
    """Whoever may take this withdrawal: by role or own permission, and by brand."""
    may = Permission.objects.filter(codename="claim_withdrawal", content_type__app_label="payments")
    holds = Q(groups__permissions__in=may) | Q(user_permissions__in=may)
    seen = Q(brand_scopes__brand_id=withdrawal.brand_id)
    rows = User.objects.filter((holds & seen) | Q(is_superuser=True), is_active=True, is_staff=True)
    return rows.distinct().order_by("username")


def _note(*, required: bool, shortest: int = 0) -> forms.CharField:
    return forms.CharField(
        required=required,
        min_length=shortest or None,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Kept with the withdrawal, readable by auditors.",
    )


class ReasonForm(ActionForm):
    """Asks why, by a reason from the operator's list and in words."""

    decision = ""
    reason_code = forms.ChoiceField(label="Reason", choices=(), widget=UnfoldAdminSelectWidget())
    note = _note(required=True, shortest=5)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reason_code"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = reasons_for(self.decision)


class ApproveForm(ReasonForm):
    """Carries the digest of what the person was shown, so that nothing else is approved."""

    decision = "approve"
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, Withdrawal):
            self.initial["digest"] = digest_of(self.target)


class RejectForm(ReasonForm):
    """Asks why not."""

    decision = "reject"


class HoldForm(ReasonForm):
    """Asks what has to happen first."""

    decision = "hold"


class ReassignForm(ActionForm):
    """Asks who is to have it: those who may decide and see the brand."""

    to = forms.ModelChoiceField(
        label="To", queryset=User.objects.none(), widget=UnfoldAdminSelectWidget(), empty_label=None
    )
    note = _note(required=True, shortest=5)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        if isinstance(self.target, Withdrawal) and isinstance(field, forms.ModelChoiceField):
            field.queryset = deciders_of(self.target)


class PlainForm(ActionForm):
    """Asks nothing but whether it is meant."""


class NoteForm(ActionForm):
    """Asks for a word."""

    note = _note(required=True, shortest=5)


class AttestForm(ActionForm):
    """Asks what became of it, and where that can be seen."""

    outcome = forms.ChoiceField(
        choices=(("paid", "It was paid"), ("failed", "It was not paid: the player gets the money back")),
        widget=UnfoldAdminSelectWidget(),
    )
    evidence = forms.CharField(
        min_length=10,
        max_length=1000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="A line of the bank statement, the provider's letter: what a colleague can look up.",
    )
