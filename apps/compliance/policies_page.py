"""Staff pages of policies: a jurisdiction on any day, jurisdictions side by side, one version with its buttons."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms.fields import InvalidJSONInput
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from apps.brands.models import Brand, Jurisdiction
from apps.compliance.models.policies import Confidence, PolicyParameter, PolicySource, PolicyVersion
from apps.compliance.policies import local_day
from apps.compliance.policy_changes import (
    PROPOSE_PERMISSION,
    Terms,
    ask_to_withdraw,
    discard_draft,
    draft_policy,
    propose_policy,
)
from apps.compliance.policy_view import Moment, compare, lines_of, places, rows_of
from apps.compliance.policy_words import days_words, parameter_title
from apps.compliance.strictness import rule_of
from apps.core.admin_actions import ActionForm, reason_field, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import pill
from apps.core.clock import now
from apps.core.errors import DomainError
from apps.core.ids import row_id

VIEW_PERMISSION = "compliance.view_policyversion"
_MOST_COMPARED = 3
_State = PolicyVersion.State
_LEVELS = {"published": "good", "proposed": "warning", "draft": "info", "withdrawn": "bad"}


class LongReasonForm(ActionForm):
    """Asks why: the colleague reads it before he decides."""

    reason = reason_field(2000)


def _is(*states: str) -> Any:
    return lambda version: version.state in states


@admin.register(PolicyVersion)
class PolicyVersionAdmin(StaffAdmin):
    """One value of one parameter: what it says, on whose authority, and who agreed."""

    staff_actions = ("propose", "withdraw", "discard")
    change_form_template = "staff/compliance/policy_version.html"
    list_display = (
        "parameter",
        "jurisdiction",
        "brand",
        "words",
        "days",
        "confidence",
        "state_shown",
        "maker",
        "checker",
    )
    list_filter = ("state", "jurisdiction", "confidence", "origin")
    list_select_related = ("parameter", "jurisdiction", "brand", "maker", "checker")
    search_fields = ("parameter__code",)
    ordering = ("-pk",)
    sortable_by = ()
    fields = ()
    empty_hint = "No policies are loaded. “manage.py load_policies --apply” brings in the matrix of the platform."

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that are no lists."""
        view = self.admin_site.admin_view
        return [
            path("places/", view(self.places_page), name="compliance_policy_places"),
            path("places/<str:code>/", view(self.place_page), name="compliance_policy_place"),
            path("compare/", view(self.compare_page), name="compliance_policy_compare"),
            path("new/", view(self.draft_page), name="compliance_policy_draft"),
            *super().get_urls(),
        ]

    @admin.display(description="value")
    def words(self, version: PolicyVersion) -> str:
        """In words."""
        return "; ".join(lines_of(version.parameter, version.value))

    @admin.display(description="days")
    def days(self, version: PolicyVersion) -> str:
        """From when to when, local to the jurisdiction."""
        return days_words(version.valid_from, version.valid_to)

    @admin.display(description="state")
    def state_shown(self, version: PolicyVersion) -> str:
        """In force or not."""
        return state_pill(version)

    def page_context(self, request: HttpRequest, obj: PolicyVersion) -> dict[str, Any]:
        """Say what the version says."""
        return {
            "version": obj,
            "heading": parameter_title(obj.parameter_id),
            "lines": lines_of(obj.parameter, obj.value),
            "raw": json.dumps(obj.value, indent=2, ensure_ascii=False),
            "days": days_words(obj.valid_from, obj.valid_to),
            "state": state_pill(obj),
            "sources": list(PolicySource.objects.filter(pk__in=obj.sources)),
            "place_url": reverse("admin:compliance_policy_place", args=[obj.jurisdiction_id]),
            "draft_url": _draft_url(obj) if request.user.has_perm(PROPOSE_PERMISSION) else "",
        }

    # Buttons

    @staff_action(
        title="Propose to publish",
        permission=PROPOSE_PERMISSION,
        form=LongReasonForm,
        description="A colleague who may publish policies decides. Say which text you compared the value with.",
        icon="send",
        applies=_is(_State.DRAFT),
    )
    def propose(self, request: HttpRequest, obj: PolicyVersion, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        asked = propose_policy(version_id=obj.pk, maker=staff_of(request), reason=data["reason"], now=now())
        return f"Request {asked.pk} waits for a second person until {asked.expires_at:%d %b %H:%M} UTC."

    @staff_action(
        title="Propose to withdraw",
        permission=PROPOSE_PERMISSION,
        form=LongReasonForm,
        description="It stays in force until a colleague agrees. What it covered falls to older versions, if any.",
        danger=True,
        icon="undo",
        applies=_is(_State.PUBLISHED),
    )
    def withdraw(self, request: HttpRequest, obj: PolicyVersion, data: dict[str, Any]) -> str:
        """Ask a colleague."""
        asked = ask_to_withdraw(version_id=obj.pk, maker=staff_of(request), reason=data["reason"], now=now())
        return f"Request {asked.pk} waits for a second person until {asked.expires_at:%d %b %H:%M} UTC."

    @staff_action(title="Discard the draft", permission=PROPOSE_PERMISSION, icon="delete", applies=_is(_State.DRAFT))
    def discard(self, request: HttpRequest, obj: PolicyVersion, data: dict[str, Any]) -> str:
        """Put it away."""
        discard_draft(version_id=obj.pk, maker=staff_of(request), reason=data["reason"], now=now())
        return "Discarded. It stays readable here."

    # Pages

    def places_page(self, request: HttpRequest) -> HttpResponse:
        """Every jurisdiction, with how much of it is modelled."""
        _require_view(request)
        found = places()
        context = {
            "title": "Policies",
            "places": found,
            "compare_url": reverse("admin:compliance_policy_compare"),
            "nothing_loaded": not any(place.in_force or place.waiting for place in found),
        }
        return self._page(request, "staff/compliance/policy_places.html", context)

    def place_page(self, request: HttpRequest, code: str) -> HttpResponse:
        """One jurisdiction on a day."""
        _require_view(request)
        place = Jurisdiction.objects.filter(pk=code).first()
        if place is None:
            raise Http404
        form = MomentForm(_asked(request, code))
        moment = form.moment() if form.is_valid() else Moment(local_day(code, now()))
        rows = rows_of(code, moment)
        context = {
            "title": f"Policies of {place.name}",
            "place": place,
            "form": form,
            "moment": moment,
            "rows": rows,
            "is_today": moment.on == local_day(code, now()),
            "counts": _counts(rows),
            "may_draft": request.user.has_perm(PROPOSE_PERMISSION),
            "draft_url": reverse("admin:compliance_policy_draft"),
        }
        return self._page(request, "staff/compliance/policy_place.html", context)

    def compare_page(self, request: HttpRequest) -> HttpResponse:
        """Two or three jurisdictions side by side."""
        _require_view(request)
        known = {each.pk: each for each in Jurisdiction.objects.filter(policies__isnull=False).distinct()}
        codes = [code for code in dict.fromkeys(request.GET.getlist("code")) if code in known][:_MOST_COMPARED]
        form = MomentForm(_asked(request, codes[0] if codes else "EU"))
        moment = form.moment() if form.is_valid() else Moment(now().date())
        rows = compare(codes, moment) if len(codes) > 1 else []
        context = {
            "title": "Compare policies",
            "known": list(known.values()),
            "codes": codes,
            "chosen": [known[code] for code in codes],
            "form": form,
            "moment": moment,
            "only_differences": "all" not in request.GET,
            "rows": [row for row in rows if "all" in request.GET or row.differs],
            "differing": sum(row.differs for row in rows),
            "compared": len(rows),
        }
        return self._page(request, "staff/compliance/policy_compare.html", context)

    def draft_page(self, request: HttpRequest) -> HttpResponse:
        """A form for a new version."""
        if not request.user.has_perm(PROPOSE_PERMISSION):
            raise PermissionDenied
        if request.method != "POST":
            form = DraftForm(initial=_initial(request))
            return self._page(request, "staff/compliance/policy_draft.html", {"title": "New policy", "form": form})
        form = DraftForm(request.POST)
        if form.is_valid():
            try:
                made = draft_policy(
                    terms=form.terms(), maker=staff_of(request), now=now(), replaces_id=form.cleaned_data["replaces"]
                )
            except DomainError as refusal:
                form.add_error(None, refusal.detail or refusal.title)
            else:
                messages.success(request, "Drafted. It is in force nowhere until a colleague publishes it.")
                return HttpResponseRedirect(self.page_of(made))
        context = {"title": "New policy", "form": form}
        return self._page(request, "staff/compliance/policy_draft.html", context, status=400)

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        whole = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, template, whole, status=status)


class MomentForm(forms.Form):
    """Which day, with whose knowledge, for which age and brand."""

    on = forms.DateField(label="What applied on", widget=UnfoldAdminDateWidget(attrs={"type": "date"}))
    known = forms.ChoiceField(
        label="As published",
        choices=(("now", "today"), ("then", "on that day")),
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    age = forms.IntegerField(label="Age", min_value=0, max_value=130, required=False)
    brand = forms.ModelChoiceField(
        queryset=Brand.objects.all(), required=False, empty_label="No brand", widget=UnfoldAdminSelectWidget()
    )

    def moment(self) -> Moment:
        """What was asked."""
        data = self.cleaned_data
        on: date = data["on"]
        brand = cast("Brand | None", data["brand"])
        # The end of that day anywhere on earth is soon enough: what was published later that day counts.
        end_of_day = datetime.combine(on + timedelta(days=1), time.min, UTC)
        return Moment(
            on=on,
            known_at=end_of_day if data["known"] == "then" else None,
            age=data["age"],
            brand_id=brand.pk if brand else None,
        )


class DraftForm(forms.Form):
    """A new version, whole: versions are never edited."""

    jurisdiction = forms.ModelChoiceField(queryset=Jurisdiction.objects.all(), widget=UnfoldAdminSelectWidget())
    parameter = forms.ModelChoiceField(queryset=PolicyParameter.objects.all(), widget=UnfoldAdminSelectWidget())
    brand = forms.ModelChoiceField(
        queryset=Brand.objects.all(),
        required=False,
        empty_label="Everybody there (the law)",
        widget=UnfoldAdminSelectWidget(),
        help_text="A brand's own rule has to be stricter than the law.",
    )
    value = forms.JSONField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "class": "mono"}),
        help_text='As JSON: 18 · true · "before_play" · ["day", "week"] · [{"amount": 2, "age_max": 24}]',
    )
    valid_from = forms.DateField(
        label="First day", required=False, widget=UnfoldAdminDateWidget(attrs={"type": "date"})
    )
    valid_to = forms.DateField(label="Last day", required=False, widget=UnfoldAdminDateWidget(attrs={"type": "date"}))
    confidence = forms.ChoiceField(choices=Confidence.choices, widget=UnfoldAdminSelectWidget())
    sources = forms.ModelMultipleChoiceField(
        queryset=PolicySource.objects.all(),
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text="Where the value stands. Hold Ctrl to choose several.",
    )
    note = forms.CharField(max_length=1000, required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))
    replaces = forms.IntegerField(
        required=False,
        widget=forms.HiddenInput(),
    )

    def terms(self) -> Terms:
        """What the version will say."""
        data = self.cleaned_data
        return Terms(
            jurisdiction=data["jurisdiction"].pk,
            parameter=data["parameter"].pk,
            value=data["value"],
            valid_from=data["valid_from"],
            valid_to=data["valid_to"],
            confidence=data["confidence"],
            sources=[each.pk for each in data["sources"]],
            note=data["note"],
            brand_id=data["brand"].pk if data["brand"] else None,
        )


@admin.register(PolicySource)
class PolicySourceAdmin(StaffAdmin):
    """A document that values are taken from."""

    list_display = ("code", "title", "publisher", "kind", "url")
    list_filter = ("kind",)
    search_fields = ("code", "title", "publisher")
    fields = ("code", "title", "publisher", "kind", "url", "also", "note")


@admin.register(PolicyParameter)
class PolicyParameterAdmin(StaffAdmin):
    """A question that regulation answers."""

    list_display = ("code", "meaning", "value_type", "unit", "borrowed")
    search_fields = ("code", "meaning")
    fields = ("code", "meaning", "value_type", "unit", "choices", "enforce_at", "borrowed", "of_brands")
    readonly_fields = ("borrowed", "of_brands")

    @admin.display(description="where a jurisdiction has no value")
    def borrowed(self, parameter: PolicyParameter) -> str:
        """Whether the strictest modelled value fills the gap."""
        rule = rule_of(parameter.pk)
        return "the strictest modelled value applies" if rule.borrowed else f"nothing applies: {rule.why_not}"

    @admin.display(description="brands")
    def of_brands(self, parameter: PolicyParameter) -> str:
        """Whether a brand may be stricter."""
        return "may be stricter" if rule_of(parameter.pk).of_brands else "have no rule of their own"


def state_pill(version: PolicyVersion) -> str:
    """Show where a version stands."""
    return pill(version.state, cast("Any", version).get_state_display(), _LEVELS.get(version.state, "plain"))


def _require_view(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW_PERMISSION):
        raise PermissionDenied


def _asked(request: HttpRequest, code: str) -> dict[str, Any]:
    return {"on": local_day(code, now()).isoformat(), **request.GET.dict()}


def _counts(rows: list[Any]) -> dict[str, int]:
    return {
        "own": sum(row.is_own for row in rows),
        "borrowed": sum(not row.is_own and row.answer.version_id is not None for row in rows),
        "none": sum(row.answer.version_id is None for row in rows),
        "waiting": sum(bool(row.waiting) for row in rows),
    }


def _draft_url(version: PolicyVersion) -> str:
    return f"{reverse('admin:compliance_policy_draft')}?from={version.pk}"


def _initial(request: HttpRequest) -> dict[str, Any]:
    """Begin with another version, or with what the address names."""
    version = PolicyVersion.objects.filter(pk=row_id(request.GET.get("from", "")) or 0).first()
    if version is None:
        named = {name: request.GET.get(name) for name in ("jurisdiction", "parameter")}
        return {**named, "value": InvalidJSONInput("")}  # an empty field, not the word null
    return {
        "jurisdiction": version.jurisdiction_id,
        "parameter": version.parameter_id,
        "brand": version.brand_id,
        "value": version.value,
        "valid_from": version.valid_from,
        "valid_to": version.valid_to,
        "confidence": version.confidence,
        "sources": version.sources,
        "note": version.note,
        "replaces": version.pk if version.state == _State.PUBLISHED else None,
    }
