"""The list of rules, a rule's page, and the page of one version: in words, with fixtures, parameters, back-tests."""

from datetime import timedelta
from typing import Any, cast

import yaml
from django import forms
from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from apps.compliance.models import ApprovalRequest
from apps.core.admin_actions import ActionForm, ReasonForm, reason_field, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import change_link, pill
from apps.core.clock import now
from apps.monitoring.backtest import request_backtest
from apps.monitoring.charts import bars_by_day
from apps.monitoring.definitions import Definition, read_definition, run_fixtures
from apps.monitoring.expressions.values import shown
from apps.monitoring.expressions.wording import lines_of
from apps.monitoring.figures import false_positive_shares
from apps.monitoring.models import Backtest, Rule, RuleVersion
from apps.monitoring.publication import (
    AUTHOR,
    COMMAND,
    TARGETS,
    commit_version,
    draft_with_params,
    request_publication,
)
from apps.monitoring.reference import all_lists
from apps.monitoring.shadow import rule_figures, shadow_report

STATE_LEVELS = {"live": "good", "shadow": "info", "committed": "warning", "draft": "plain", "retired": "plain"}
SEVERITY_LEVELS = {"low": "plain", "medium": "info", "high": "warning", "critical": "bad"}
_PERIOD_DAYS = 30
_LONGEST_NOTE = 300


class ParamsForm(ActionForm):
    """Asks for parameters, as YAML: a line for each."""

    params = forms.CharField(
        label="Parameters",
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "class": "mono"}),
        help_text="One a line, such as “amount: 1500”. Those left out stay as they are.",
    )
    reason = reason_field(_LONGEST_NOTE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.target, RuleVersion):
            self.fields["params"].initial = yaml.safe_dump(self.target.definition.get("params", {}), sort_keys=True)

    def clean_params(self) -> dict[str, Any]:
        """Plain YAML, one level deep."""
        try:
            given = yaml.safe_load(self.cleaned_data["params"])
        except yaml.YAMLError as error:
            raise forms.ValidationError("This is no YAML.") from error
        if not isinstance(given, dict) or not given:
            raise forms.ValidationError("A name and a value in each line.")
        return cast("dict[str, Any]", given)


class BacktestForm(ActionForm):
    """Asks how far back."""

    days = forms.IntegerField(min_value=1, max_value=365, initial=30, widget=UnfoldAdminTextInputWidget())


class PublishForm(ReasonForm):
    """Asks where the version is to go, and why."""

    to = forms.ChoiceField(label="It is to", choices=list(TARGETS.items()), widget=UnfoldAdminSelectWidget())


@admin.register(Rule)
class RuleAdmin(StaffAdmin):
    """The catalogue: what each rule looks for, what of it runs, and how often it was right."""

    change_form_template = "staff/monitoring/rule.html"
    list_display = ("code", "title", "family", "severity", "runs", "hits", "alerts", "false_share")
    list_display_links = ("code", "title")
    list_filter = ("family",)
    search_fields = ("code", "name")
    fields = ()
    sortable_by = ()
    list_per_page = 100
    empty_hint = "No rule is loaded. `manage.py load_rules --apply` makes drafts of the shipped catalogue."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        """With their versions."""
        rows: QuerySet[Rule] = super().get_queryset(request)
        return rows.prefetch_related("versions")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """With the figures of the last thirty days, read once for the whole list."""
        self._figures = rule_figures(_PERIOD_DAYS, now=now())
        self._false = false_positive_shares(now=now(), days=_PERIOD_DAYS)
        return super().changelist_view(request, extra_context)

    def _newest(self, rule: Rule) -> RuleVersion | None:
        versions = list(rule.versions.all())
        order = ("live", "shadow", "committed", "draft", "retired")
        return min(versions, key=lambda each: (order.index(each.state), -each.number), default=None)

    def _sum(self, rule: Rule, name: str) -> int:
        return sum(
            int(self._figures.get(each.pk, {}).get(name) or 0) for each in rule.versions.all() if each.state != "shadow"
        )

    @admin.display(description="what it looks for")
    def title(self, rule: Rule) -> str:
        """In one line."""
        version = self._newest(rule)
        return str(version.definition["title"]) if version else rule.name

    @admin.display(description="severity")
    def severity(self, rule: Rule) -> str:
        """How much it matters."""
        version = self._newest(rule)
        word = str(version.definition.get("severity", "medium")) if version else "–"
        return pill(word, level=SEVERITY_LEVELS.get(word, ""))

    @admin.display(description="runs")
    def runs(self, rule: Rule) -> str:
        """Live, in shadow, or not."""
        version = self._newest(rule)
        return (
            pill(version.state, f"v{version.number} {version.state}", STATE_LEVELS[version.state]) if version else "–"
        )

    @admin.display(description="hits, 30 days")
    def hits(self, rule: Rule) -> int:
        """Of versions that alert."""
        return self._sum(rule, "hit")

    @admin.display(description="alerts, 30 days")
    def alerts(self, rule: Rule) -> int:
        """What came of them."""
        return self._sum(rule, "alerted")

    @admin.display(description="false positives")
    def false_share(self, rule: Rule) -> str:
        """Of the alerts whose cases were closed."""
        closed, wrong = self._false.get(rule.code, (0, 0))
        return f"{100 * wrong / closed:.0f} % of {closed}" if closed else "none closed yet"

    def page_context(self, request: HttpRequest, obj: Rule) -> dict[str, Any]:
        """The newest version in words, and all versions."""
        figures = rule_figures(_PERIOD_DAYS, now=now())
        versions = list(obj.versions.select_related("drafted_by"))
        newest = self._newest(obj)
        closed, wrong = false_positive_shares(now=now(), days=_PERIOD_DAYS).get(obj.code, (0, 0))
        return {
            "rule": obj,
            "versions": [
                (each, pill(each.state, level=STATE_LEVELS[each.state]), figures.get(each.pk)) for each in versions
            ],
            "newest": newest,
            "told": told(read_definition(newest.definition)) if newest else None,
            "closed": closed,
            "wrong": wrong,
        }


@admin.register(RuleVersion)
class RuleVersionAdmin(StaffAdmin):
    """One version: its words, fixtures, parameters by jurisdiction, back-tests, and its way to where it runs."""

    change_form_template = "staff/monitoring/version.html"
    staff_actions = ("commit", "publish", "backtest", "change_parameters")
    list_display = ("__str__", "title", "state_shown", "note", "drafted_at", "live_at")
    list_filter = ("state", "rule__family")
    search_fields = ("rule__code",)
    fields = ()
    sortable_by = ()
    empty_hint = "No rule is loaded. `manage.py load_rules --apply` makes drafts of the shipped catalogue."

    @admin.display(description="what it looks for")
    def title(self, version: RuleVersion) -> str:
        """In one line."""
        return str(version.definition["title"])

    @admin.display(description="state")
    def state_shown(self, version: RuleVersion) -> str:
        """Where it stands."""
        return pill(version.state, level=STATE_LEVELS[version.state])

    def page_context(self, request: HttpRequest, obj: RuleVersion) -> dict[str, Any]:
        """Everything a second person needs to decide."""
        definition = read_definition(obj.definition)
        backtests = list(obj.backtests.select_related("against", "asked_by")[:5])
        last = next((each for each in backtests if each.state == Backtest.State.DONE), None)
        waiting = ApprovalRequest.objects.filter(command=COMMAND, state="requested", payload__version=obj.pk)
        return {
            "version": obj,
            "state": pill(obj.state, obj.get_state_display(), STATE_LEVELS[obj.state]),
            "told": told(definition),
            "fixtures": [
                (each, {name: shown(value) for name, value in each.fixture.given.items()})
                for each in run_fixtures(definition, lists=all_lists())
            ],
            "backtests": backtests,
            "backtest": last,
            "chart": bars_by_day(last.report["days"]) if last else None,
            "shadow": shadow_report(obj, now=now()) if obj.state in ("shadow", "live") else None,
            "waiting": [(each, change_link("compliance.approvalrequest", each.pk, each.summary)) for each in waiting],
            "totals": obj.tallies.aggregate(n=Sum("evaluations"), hits=Sum("hits"), unknowns=Sum("unknowns")),
        }

    @staff_action(
        title="Commit",
        permission=AUTHOR,
        form=ActionForm,
        description="Runs the fixtures and fixes the content for ever. Nothing runs yet.",
        icon="lock",
        applies=lambda version: version.state == "draft",
    )
    def commit(self, request: HttpRequest, obj: RuleVersion, data: dict[str, Any]) -> str:
        """Fix a draft."""
        version = commit_version(version_id=obj.pk, author=staff_of(request), now=now())
        return f"{version} is committed: it can be back-tested and published."

    @staff_action(
        title="Ask to publish",
        permission=AUTHOR,
        form=PublishForm,
        description="A colleague decides under Approvals, and sees the newest back-test. Nothing changes before.",
        icon="publish",
        applies=lambda version: version.state != "retired",
    )
    def publish(self, request: HttpRequest, obj: RuleVersion, data: dict[str, Any]) -> str:
        """Ask a second person."""
        asked = request_publication(
            version_id=obj.pk, target=data["to"], maker=staff_of(request), reason=data["reason"], now=now()
        )
        return f"Asked: {asked.summary}"

    @staff_action(
        title="Back-test",
        permission=AUTHOR,
        form=BacktestForm,
        description="Replays the past days in event time, beside the live version. Alerts nobody.",
        icon="history",
    )
    def backtest(self, request: HttpRequest, obj: RuleVersion, data: dict[str, Any]) -> str:
        """Queue a replay."""
        at = now()
        request_backtest(
            version_id=obj.pk, from_at=at - timedelta(days=data["days"]), to_at=at, asker=staff_of(request), now=at
        )
        return "The back-test is queued; its figures appear here within a minute or so."

    @staff_action(
        title="Other parameters",
        permission=AUTHOR,
        form=ParamsForm,
        description="Drafts the next version of this rule with other figures. This one stays as it is.",
        icon="tune",
    )
    def change_parameters(self, request: HttpRequest, obj: RuleVersion, data: dict[str, Any]) -> str:
        """Draft the next version."""
        made = draft_with_params(
            version_id=obj.pk, params=data["params"], author=staff_of(request), note=data["reason"], now=now()
        )
        return f"{made} is drafted. Open it from the rule's page to test and commit it."


def told(definition: Definition) -> dict[str, Any]:
    """A definition in words."""
    data = definition.data
    return {
        "title": definition.title,
        "severity": pill(definition.severity, level=SEVERITY_LEVELS[definition.severity]),
        "asked": asked_when(definition),
        "lines": lines_of(definition.node),
        "params": sorted(data.get("params", {}).items()),
        "overrides": [(", ".join(_where(each)), sorted(each["params"].items())) for each in data.get("overrides", ())],
        "population": ", ".join(f"{name}: {value}" for name, value in data.get("population", {}).items())
        or "everybody",
        "explanation": definition.explanation,
        "player_reason": definition.player_reason,
        "outcome": definition.outcome,
        "cooldown_days": definition.cooldown_days,
        "weight": definition.weight,
        "floor": definition.floor,
        "harm_class": data.get("harm_class"),
        "basis": {"reg": "a regulation", "tool": "a tool's default", "typ": "a known typology"}.get(
            data.get("basis", ""), ""
        ),
        "src": data.get("src", ""),
        "blueprint": definition.blueprint,
    }


def asked_when(definition: Definition) -> list[str]:
    """When the rule is asked, in words."""
    when = [f"after each {each.replace('_', ' ')}" for each in sorted(definition.triggers)]
    when += [f"at the gate of a {purpose}: {outcome}" for purpose, outcome in definition.gate.items()]
    return [*when, *(["each night"] if definition.is_nightly else [])]


def _where(override: dict[str, Any]) -> list[str]:
    words = [*override.get("jurisdictions", ())]
    words += [f"{band} risk" for band in override.get("risk", ())]
    words += [f"from {override['min_age']} years"] if "min_age" in override else []
    return words + ([f"up to {override['max_age']} years"] if "max_age" in override else [])
