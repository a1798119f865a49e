"""Policies for interrupted rounds: the list, one policy, and the form by which a colleague is asked for another."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.brands.models import Brand, Jurisdiction
from apps.core.admin_actions import reason_field, staff_of
from apps.core.admin_base import StaffAdmin, brand_scope
from apps.core.admin_display import pill
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.core.ids import row_id
from apps.providers.models import Game, RoundPolicy
from apps.providers.round_policies import (
    LONGEST_HOURS,
    LONGEST_TEXT,
    PROPOSE_PERMISSION,
    Terms,
    propose_policy,
    scope_words,
)

_LAUNCHES = {"category": "by category", "resume": "resumes", "refuse": "is refused", "free": "starts anew"}
_LEVELS = {"void": "good", "settle": "plain", "wait": "info", "staff": "warning"}


class PolicyForm(forms.Form):
    """A whole policy; it is never edited, only followed by another."""

    game = forms.CharField(
        required=False,
        max_length=160,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Code of the player API, e.g. aurora-nights. Empty: more than one game.",
    )
    vendor = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget())
    category = forms.ChoiceField(
        required=False, choices=(("", "Every category"), *Game.Category.choices), widget=UnfoldAdminSelectWidget()
    )
    brand = forms.ModelChoiceField(
        queryset=Brand.objects.none(), required=False, empty_label="Every brand", widget=UnfoldAdminSelectWidget()
    )
    jurisdiction = forms.ModelChoiceField(
        queryset=Jurisdiction.objects.all(),
        required=False,
        empty_label="Every jurisdiction",
        widget=UnfoldAdminSelectWidget(),
    )
    interrupted_after_minutes = forms.IntegerField(
        label="Interrupted after, minutes",
        min_value=1,
        max_value=LONGEST_HOURS * 60,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Without a bet, win or rollback.",
    )
    resolve_after_hours = forms.IntegerField(
        label="Resolved after, hours",
        min_value=1,
        max_value=LONGEST_HOURS,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="After the last bet, win or rollback. Until then the player may go on with the round.",
    )
    outcome = forms.ChoiceField(
        label="What happens then",
        choices=RoundPolicy.Outcome.choices,
        widget=UnfoldAdminSelectWidget(),
        help_text="Void only where the vendor reports lost rounds too: else it gives lost stakes back.",
    )
    new_start = forms.ChoiceField(
        label="A launch before that",
        choices=RoundPolicy.NewStart.choices,
        widget=UnfoldAdminSelectWidget(),
    )
    text = forms.CharField(
        label="What players read", max_length=LONGEST_TEXT, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4})
    )
    source = forms.CharField(
        max_length=300, widget=UnfoldAdminTextInputWidget(), help_text="The rule, standard or agreement it follows."
    )
    reason = reason_field(2000)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scope = brand_scope(user)
        fields: dict[str, Any] = self.fields
        fields["brand"].queryset = Brand.objects.all() if scope is None else Brand.objects.filter(pk__in=scope.ids)
        vendors = Game.objects.order_by("vendor").values_list("vendor", flat=True).distinct()
        fields["vendor"].choices = [("", "Every vendor"), *((each, each) for each in vendors)]

    def clean_game(self) -> Game | None:
        """A game of the catalogue."""
        code = self.cleaned_data["game"].strip()
        found = Game.objects.filter(public_code=code).first() if code else None
        if code and found is None:
            raise forms.ValidationError("The catalogue has no game of that code.")
        return found

    def terms(self) -> Terms:
        """What was written; it counts as soon as it is published."""
        data = self.cleaned_data
        return Terms(
            interrupted_after_minutes=data["interrupted_after_minutes"],
            resolve_after_hours=data["resolve_after_hours"],
            outcome=data["outcome"],
            text=data["text"],
            source=data["source"],
            effective_at=now(),
            new_start=data["new_start"],
            brand_id=data["brand"].pk if data["brand"] else None,
            jurisdiction_id=data["jurisdiction"].pk if data["jurisdiction"] else None,
            category=data["category"],
            vendor=data["vendor"],
            game_id=data["game"].pk if data["game"] else None,
        )


class RoundPolicyAdmin(StaffAdmin):
    """A published policy. Rows are never altered; the form asks a colleague to publish another."""

    change_form_template = "staff/round_policy.html"
    change_list_template = "staff/round_policies.html"
    list_display = ("number", "about", "outcome_shown", "times", "launch", "effective_at", "maker", "checker")
    list_filter = ("outcome", "brand", "jurisdiction")
    list_select_related = ("brand", "jurisdiction", "game", "maker", "checker")
    sortable_by = ()
    fields = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the form."""
        new = path("new/", self.admin_site.admin_view(self.propose_page), name="providers_roundpolicy_propose")
        return [new, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Offer the form to those who may use it."""
        return super().changelist_view(request, {**_form_link(request, ""), **(extra_context or {})})

    def page_context(self, request: HttpRequest, obj: RoundPolicy) -> dict[str, Any]:
        """What it says, and of what."""
        return {"policy": obj, "about": scope_words(obj), **_form_link(request, f"?from={obj.pk}")}

    def propose_page(self, request: HttpRequest) -> HttpResponse:
        """A form for another policy."""
        if not request.user.has_perm(PROPOSE_PERMISSION):
            raise PermissionDenied
        form = PolicyForm(request.POST or None, user=request.user, initial=_initial(request.GET.get("from", "")))
        if request.method == "POST" and form.is_valid():
            try:
                asked = propose_policy(
                    terms=form.terms(), maker=staff_of(request), reason=form.cleaned_data["reason"], now=now()
                )
            except DomainError as refusal:
                form.add_error(None, refusal.detail or refusal.title)
            else:
                messages.success(request, f"Request {asked.pk} waits for a second person; see Approvals.")
                return HttpResponseRedirect(reverse("admin:providers_roundpolicy_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Propose a policy",
            "form": form,
        }
        status = 400 if request.method == "POST" else 200
        return TemplateResponse(request, "staff/round_policy_form.html", context, status=status)

    @admin.display(description="policy")
    def number(self, policy: RoundPolicy) -> str:
        """As rounds name it."""
        return f"Policy {policy.pk}"

    @admin.display(description="of")
    def about(self, policy: RoundPolicy) -> str:
        """Which games, where."""
        return scope_words(policy)

    @admin.display(description="then")
    def outcome_shown(self, policy: RoundPolicy) -> str:
        """What happens."""
        return pill(policy.outcome, policy.get_outcome_display(), _LEVELS.get(policy.outcome, "plain"))

    @admin.display(description="interrupted, resolved after")
    def times(self, policy: RoundPolicy) -> str:
        """Its periods."""
        return f"{policy.interrupted_after_minutes} min, {policy.resolve_after_hours} h"

    @admin.display(description="a launch")
    def launch(self, policy: RoundPolicy) -> str:
        """What it does while a round is unfinished."""
        return _LAUNCHES[policy.new_start]


def _form_link(request: HttpRequest, query: str) -> dict[str, str]:
    may = request.user.has_perm(PROPOSE_PERMISSION)
    return {"propose_url": f"{reverse('admin:providers_roundpolicy_propose')}{query}" if may else ""}


def _initial(given: str) -> dict[str, Any]:
    """Begin with another policy, or with what most have."""
    policy = RoundPolicy.objects.select_related("game").filter(pk=row_id(given) or 0).first()
    if policy is None:
        return {"interrupted_after_minutes": 30, "resolve_after_hours": 48}
    same = ("interrupted_after_minutes", "resolve_after_hours", "outcome", "new_start", "text", "source", "category")
    return {
        **{name: getattr(policy, name) for name in (*same, "vendor")},
        "brand": policy.brand_id,
        "jurisdiction": policy.jurisdiction_id,
        "game": policy.game.public_code if policy.game else "",
    }
