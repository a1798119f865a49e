"""What the buttons of a case ask. Choices come from the case's blueprint; the operations check everything again."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.compliance.effects import form_of, offered_effects
from apps.compliance.models import Case, CaseDecision
from apps.compliance.queues import work_permission
from apps.core.admin_actions import ActionForm
from apps.core.clock import now
from apps.core.ids import row_id

# A default would be chosen by whoever does not look.
_NONE = ("", "choose …")


def text_field(label: str, *, help_text: str = "", rows: int = 3, shortest: int = 5, longest: int = 4000) -> Any:
    """A field for words."""
    return forms.CharField(
        label=label,
        min_length=shortest,
        max_length=longest,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}),
        help_text=help_text,
    )


def choice_field(label: str, choices: Any = (), *, required: bool = True, help_text: str = "") -> Any:
    """A field for one of several; nothing is chosen beforehand."""
    return forms.ChoiceField(
        label=label, choices=choices, required=required, widget=UnfoldAdminSelectWidget(), help_text=help_text
    )


class CaseForm(ActionForm):
    """A form about one case."""

    @property
    def case(self) -> Case | None:
        """The case; none while the platform only looks at what forms there are."""
        return self.target if isinstance(self.target, Case) else None


class PlainForm(CaseForm):
    """Asks nothing."""


class NoteForm(CaseForm):
    """Asks for words."""

    note = text_field("Note", help_text="Kept in the case for ever.")


class WhyForm(CaseForm):
    """Asks why."""

    note = text_field("Why", help_text="Kept in the case for ever.")


class AwaitForm(CaseForm):
    """Asks what the player has to do."""

    what = forms.CharField(
        label="What the player has to do",
        min_length=5,
        max_length=300,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="The clock stands until the player answers, or until the longest wait is over.",
    )


class SnoozeForm(CaseForm):
    """Asks until when."""

    until = forms.DateTimeField(
        label="Until (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "staff-input"}, format="%Y-%m-%dT%H:%M"),
        help_text="It goes back to the queue and its clock runs on, so not beyond its due time.",
    )
    note = text_field("Why", rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        case = self.case
        soon: datetime = now() + timedelta(hours=4)
        self.initial["until"] = min(soon, case.due_at) if case and case.due_at else soon


class AssignForm(CaseForm):
    """Asks whom."""

    to = forms.CharField(
        label="Colleague (username)", max_length=150, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
    )
    note = text_field("Why", rows=2)

    def clean_to(self) -> User:
        """Whoever may work on it; nobody else is a colleague here."""
        name = self.cleaned_data["to"].strip()
        colleague = User.objects.filter(username=name, is_active=True, is_staff=True).first()
        if colleague is None:
            raise forms.ValidationError("There is no active colleague of that name.")
        return colleague


class OtherCaseForm(CaseForm):
    """Asks for another case."""

    other = forms.CharField(
        label="Other case", max_length=24, widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "AML-123"})
    )
    note = text_field("Why", rows=2)

    def clean_other(self) -> int:
        """Its number: AML-123 is 123."""
        number = row_id(self.cleaned_data["other"].strip().rpartition("-")[2])
        if number is None:
            raise forms.ValidationError("Give its reference, such as AML-123.")
        return number


class DecideForm(CaseForm):
    """Asks what is to be done. An effect's fields are called ``<effect>__<field>``; only the chosen one's are shown."""

    effect = choice_field("Decision")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        case = self.case
        if case is None:
            return
        self.offered = {each.name: each for each in offered_effects(case, self.user)}
        self._field("effect").choices = [_NONE, *((name, each.title) for name, each in self.offered.items())]
        for name, effect in self.offered.items():
            for field_name, field in form_of(effect)().fields.items():
                field.required = False
                field.widget.attrs["data-effect"] = name
                self.fields[f"{name}__{field_name}"] = field
        second = set(case.blueprint.second_person_for)
        needs = [each.title for name, each in self.offered.items() if name in second or each.needs_second_person]
        words = f"A second person has to agree to: {', '.join(needs)}." if needs else ""
        self.fields["reason_code"] = choice_field("Reason", [_NONE, *case.blueprint.reasons])
        self.fields["note"] = text_field("Note", help_text=f"Kept with the decision for ever. {words}")
        taken = CaseDecision.objects.none()
        if self.is_bound:
            taken = CaseDecision.objects.filter(case=case)
        self.fields["reverses"] = forms.ModelChoiceField(
            taken, label="Takes back", required=False, widget=forms.HiddenInput()
        )

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def params(self) -> dict[str, Any]:
        """What was filled in for the chosen effect."""
        prefix = f"{self.cleaned_data['effect']}__"
        return {
            name.removeprefix(prefix): value for name, value in self.cleaned_data.items() if name.startswith(prefix)
        }

    def clean(self) -> dict[str, Any]:
        """Hand the params on with the rest."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("effect"):
            cleaned["params"] = self.params()
        return cleaned


class CloseForm(CaseForm):
    """Asks what was found, and why."""

    resolution = choice_field("Resolution")
    reason_codes = forms.MultipleChoiceField(label="Reasons", widget=forms.CheckboxSelectMultiple)
    narrative = text_field("Narrative", rows=6)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        case = self.case
        if case is None:
            return
        second = set(case.blueprint.second_person_for)
        fields: dict[str, Any] = self.fields
        fields["resolution"].choices = [
            _NONE,
            *(
                (each, Case.Resolution(each).label + (" (a second person has to agree)" if each in second else ""))
                for each in case.blueprint.resolutions
            ),
        ]
        fields["reason_codes"].choices = case.blueprint.reasons
        shortest = case.blueprint.min_narrative
        said = f"What was looked at and what follows; at least {shortest} characters."
        fields["narrative"] = text_field("Narrative", rows=6, help_text=said, shortest=shortest)


class SnoozeRuleForm(CaseForm):
    """Asks which rule, and for how long."""

    rule_id = forms.CharField(label="Rule", max_length=40, widget=UnfoldAdminTextInputWidget())
    days = forms.IntegerField(
        label="Days", min_value=1, max_value=180, initial=90, widget=UnfoldAdminIntegerFieldWidget(),
        help_text="At most 180. Hits go on being counted; one 1.5 times as large ends it.",
    )  # fmt: skip
    note = text_field("Why", rows=2, longest=500)


class TickForm(CaseForm):
    """One point of the checklist."""

    point = forms.SlugField(max_length=40)
    done = forms.BooleanField(required=False)


class PinForm(CaseForm):
    """Which transaction or exchange."""

    kind = choice_field("What", (("transaction", "Transaction"), ("exchange", "Exchange with a vendor")))
    reference = forms.CharField(label="Id", max_length=40, widget=UnfoldAdminTextInputWidget())

    def clean_reference(self) -> UUID:
        """An id of ours."""
        try:
            return UUID(self.cleaned_data["reference"].strip())
        except ValueError:
            raise forms.ValidationError("That is no id of a transaction or an exchange.") from None


class UploadForm(forms.Form):
    """A file and what it is."""

    file = forms.FileField()
    title = forms.CharField(min_length=3, max_length=200)
    supersedes = forms.IntegerField(required=False)


def colleagues_for(queue: str) -> Any:
    """Active people who may work in a queue, by name."""
    codename = work_permission(queue).partition(".")[2]
    holds = Q(groups__permissions__codename=codename, groups__permissions__content_type__app_label="compliance")
    given = Q(user_permissions__codename=codename, user_permissions__content_type__app_label="compliance")
    return User.objects.filter(holds | given, is_active=True, is_staff=True).distinct().order_by("username")
