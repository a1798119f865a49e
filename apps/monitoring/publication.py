"""The life of a rule's versions: draft, commit, publish. Publishing takes two people."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.compliance.approval_commands import register_command
from apps.compliance.approvals import request_approval
from apps.compliance.models import ApprovalRequest
from apps.core.errors import DomainError
from apps.monitoring.definitions import content_hash, read_definition, require_fixtures
from apps.monitoring.loading import draft_version
from apps.monitoring.models import Backtest, RuleVersion
from apps.monitoring.reference import all_lists
from apps.monitoring.shadow import shadow_report

AUTHOR = "monitoring.author_rule"
PUBLISHER = "monitoring.publish_rule"
COMMAND = "monitoring.publish_rule"
LIFETIME = timedelta(days=7)
TARGETS = {"shadow": "run in shadow", "live": "go live", "retired": "retire"}
State = RuleVersion.State
_FROM = {
    "shadow": (State.COMMITTED,),
    "live": (State.COMMITTED, State.SHADOW),
    "retired": (State.DRAFT, State.COMMITTED, State.SHADOW, State.LIVE),
}


class UnableToPublish(DomainError):
    """The version is not in a state, or not of a content, from which it can go there."""

    code = "unable-to-publish"
    title = "This version can not be published"
    status = 409


@transaction.atomic
def draft_with_params(
    *, version_id: int, params: Mapping[str, Any], author: User, note: str, now: datetime
) -> RuleVersion:
    """
    Draft the next version of a rule with other parameters.

    :raises DefinitionNotSound: if a parameter does not exist or is of another kind
    """
    _require(author, AUTHOR)
    version = RuleVersion.objects.select_for_update().get(pk=version_id)
    read_definition({**version.definition, "overrides": [{"params": dict(params)}]})  # known names, same kinds
    before = version.definition.get("params", {})
    data = {
        **version.definition,
        "params": {**before, **params},
        "fixtures": _pinned(version.definition.get("fixtures", {}), {name: before[name] for name in params}),
    }
    return draft_version(data, now=now, user=author, note=note)


def _pinned(fixtures: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """Keep fixtures meaning what they meant: they test what the rule does, at the figures they were written for."""
    return {
        kind: [{**each, "params": {**figures, **each.get("params", {})}} for each in cases]
        for kind, cases in fixtures.items()
    }


@transaction.atomic
def commit_version(*, version_id: int, author: User, now: datetime) -> RuleVersion:
    """
    Fix a draft for ever, after its fixtures have run.

    :raises DefinitionNotSound: if a fixture fails, or there are too few
    :raises UnableToPublish: if it is no draft
    """
    _require(author, AUTHOR)
    version = RuleVersion.objects.select_for_update().get(pk=version_id)
    if version.state != State.DRAFT:
        raise UnableToPublish(f"{version} is {State(version.state).label}, not a draft.")
    require_fixtures(read_definition(version.definition), lists=all_lists())
    version.commit(at=now)
    version.save(update_fields=["state", "committed_at"])
    return version


def request_publication(*, version_id: int, target: str, maker: User, reason: str, now: datetime) -> ApprovalRequest:
    """
    Ask a second person to publish or retire a version. The figures of its newest back-test and shadow run go with it.

    :raises UnableToPublish: if the version can not go there
    :raises DefinitionNotSound: if a fixture fails
    """
    _require(maker, AUTHOR)
    version = RuleVersion.objects.get(pk=version_id)
    payload = {
        "version": version.pk, "target": target, "content_hash": version.content_hash, "report": _report(version, now),
    }  # fmt: skip
    return request_approval(command=COMMAND, payload=payload, maker=maker, reason=reason, now=now)


def _report(version: RuleVersion, now: datetime) -> dict[str, Any]:
    """What the second person needs to know: figures as text, since what is approved holds no floating-point numbers."""
    backtest = Backtest.objects.filter(version=version, state=Backtest.State.DONE).first()
    shadow = shadow_report(version, now=now) if version.state == State.SHADOW else None
    return {
        "backtest": None if backtest is None else {"id": backtest.pk, "says": says_of(backtest.report)},
        "shadow": None
        if not shadow
        else f"{shadow['hits']} hits on {shadow['players']} players, "
        f"{shadow['per_1000']} players per 1 000 active; {shadow['only_here']} of them the live version does not see",
    }


def says_of(report: Mapping[str, Any]) -> str:
    """A back-test in one sentence."""
    new, live = report["new"], report.get("live")
    beside = f"; the live version {live['alerts']} ({live['per_1000']} per 1 000)" if live else "; none is live"
    return (
        f"{report['from'][:10]} to {report['to'][:10]}: {new['alerts']} alerts"
        f" ({new['per_1000']} per 1 000 active players){beside}"
    )


def register() -> None:
    """Register what two people do with rules; called once the models are loaded."""
    register_command(
        COMMAND, title="Publish a rule", maker_permission=AUTHOR, checker_permission=PUBLISHER, execute=_publish,
        describe=_described, revalidate=_check, lifetime=LIFETIME,
    )  # fmt: skip


def _described(payload: Mapping[str, Any]) -> str:
    version = RuleVersion.objects.select_related("rule").get(pk=payload["version"])
    title = version.definition["title"]
    report = payload.get("report", {})
    backtest = report.get("backtest")
    told = f" Back-test, {backtest['says']}." if backtest else " It has not been back-tested."
    shadow = f" Shadow: {report['shadow']}." if report.get("shadow") else ""
    return f"{version} ({title}) is to {TARGETS.get(payload['target'], payload['target'])}.{told}{shadow}"


def _check(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the signature is the mechanism's
    version = RuleVersion.objects.select_for_update().get(pk=payload["version"])
    target = str(payload["target"])
    if target not in _FROM or version.state not in _FROM[target]:
        raise UnableToPublish(f"{version} is {State(version.state).label} and can not go to {target!r:.20}.")
    if content_hash(version.definition) != payload["content_hash"]:
        raise UnableToPublish("Its content is not what was asked for.")
    if target != "retired":
        require_fixtures(read_definition(version.definition), lists=all_lists())


def _publish(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """Move the version; the one that ran in its place retires. Existing alerts are not touched."""
    first = RuleVersion.objects.get(pk=payload["version"])
    versions = list(RuleVersion.objects.select_for_update().filter(rule_id=first.rule_id).order_by("pk"))
    version, target = next(each for each in versions if each.pk == first.pk), payload["target"]
    for other in versions if target != "retired" else ():
        if other.state == target and other.pk != version.pk:
            other.retire(at=now)
            other.save(update_fields=["state", "retired_at"])
    {"shadow": version.start_shadow, "live": version.go_live, "retired": version.retire}[target](at=now)
    step = {"target": target, "maker": maker.get_username(), "checker": checker.get_username(), "at": now.isoformat()}
    version.published_by = [*version.published_by, step]
    version.save(update_fields=["state", "shadow_at", "live_at", "retired_at", "published_by"])
    return {"version": version.pk, "state": version.state}


def _require(user: User, permission: str) -> None:
    if not (user.is_active and user.has_perm(permission)):
        raise PermissionDenied
