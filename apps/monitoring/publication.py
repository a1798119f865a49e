"""The life of a rule's versions: commit, ask, decide. Two people publish; the fixtures and the report go with the request."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.core.errors import DomainError
from apps.monitoring.definitions import content_hash, read_definition, require_fixtures
from apps.monitoring.loading import draft_version
from apps.monitoring.models import Backtest, Publication, RuleVersion
from apps.monitoring.reference import all_lists
from apps.monitoring.shadow import shadow_report

AUTHOR = "monitoring.author_rule"
PUBLISHER = "monitoring.publish_rule"
LIFETIME = timedelta(days=7)
State, Target = RuleVersion.State, Publication.Target
_FROM = {
    Target.SHADOW: (State.COMMITTED,),
    Target.LIVE: (State.COMMITTED, State.SHADOW),
    Target.RETIRED: (State.DRAFT, State.COMMITTED, State.SHADOW, State.LIVE),
}


class UnableToPublish(DomainError):
    """The version is not in a state, or not of a content, from which it can go there."""

    code = "unable-to-publish"
    title = "This version can not be published"
    status = 409


class SecondPersonRequired(DomainError):
    """Whoever asked for a publication can not decide on it; nobody is exempt."""

    code = "second-person-required"
    title = "Somebody else has to decide"
    status = 403


class PublicationClosed(DomainError):
    """The request has been decided already, or its time is over."""

    code = "publication-closed"
    title = "The request is closed"
    status = 409


@transaction.atomic
def draft_with_params(
    *, version_id: int, params: dict[str, Any], author: User, note: str, now: datetime
) -> RuleVersion:
    """
    Draft the next version of a rule with other parameters.

    :raises DefinitionNotSound: if a parameter does not exist or is of another kind
    """
    _require(author, AUTHOR)
    version = RuleVersion.objects.select_for_update().get(pk=version_id)
    data = {**version.definition, "params": {**version.definition.get("params", {}), **params}}
    probe = {**version.definition, "overrides": [{"params": params}]}
    read_definition(probe)  # the same checks as for an override: known names, same kinds
    return draft_version(data, now=now, user=author, note=note)


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
        raise UnableToPublish(f"{version} is {version.get_state_display()}, not a draft.")
    require_fixtures(read_definition(version.definition), lists=all_lists())
    version.commit(at=now)
    version.save(update_fields=["state", "committed_at"])
    return version


@transaction.atomic
def request_publication(
    *, version_id: int, target: str, maker: User, reason: str, now: datetime, backtest_id: int | None = None
) -> Publication:
    """
    Ask a second person to publish or retire a version. The newest back-test and the shadow report are attached.

    :raises UnableToPublish: if the version can not go there, or a request is open
    """
    _require(maker, AUTHOR)
    version = RuleVersion.objects.select_for_update().get(pk=version_id)
    _require_target(version, target)
    for overdue in Publication.objects.filter(version=version, state="requested", expires_at__lte=now):
        overdue.expire(at=now)
        overdue.save(update_fields=["state", "decided_at"])
    if Publication.objects.filter(version=version, state="requested").exists():
        raise UnableToPublish(f"There is an open request for {version} already.")
    if target != Target.RETIRED:
        require_fixtures(read_definition(version.definition), lists=all_lists())
    return Publication.objects.create(
        version=version, target=target, content_hash=version.content_hash, report=_report(version, backtest_id, now),
        reason=reason, maker=maker, requested_at=now, expires_at=now + LIFETIME,
    )  # fmt: skip


def _report(version: RuleVersion, backtest_id: int | None, now: datetime) -> dict[str, Any]:
    done = Backtest.objects.filter(version=version, state=Backtest.State.DONE)
    backtest = (done.filter(pk=backtest_id) if backtest_id else done).first()
    return {
        "backtest": {**backtest.report, "id": backtest.pk} if backtest is not None else None,
        "shadow": shadow_report(version, now=now) if version.state == State.SHADOW else None,
    }


@transaction.atomic
def decide_publication(*, publication_id: int, checker: User, approve: bool, note: str, now: datetime) -> Publication:
    """
    Decide on a request, as it was asked for, once. Approval moves the version; the live one before it retires.

    Existing alerts are not touched.

    :raises SecondPersonRequired: for who asked, superusers included
    :raises PublicationClosed: if it was decided, or expired
    :raises UnableToPublish: if the version has changed since
    """
    _require(checker, PUBLISHER)
    request = Publication.objects.select_for_update().get(pk=publication_id)
    if request.state != Publication.State.REQUESTED or request.expires_at <= now:
        raise PublicationClosed(f"It is {request.get_state_display()} or its time is over.")
    if request.maker_id == checker.pk:
        raise SecondPersonRequired
    if approve:
        request.approve(by=checker, at=now, note=note[:300])
    else:
        request.refuse(by=checker, at=now, note=note[:300])
    request.save(update_fields=["state", "checker", "decided_at", "decision_note"])
    if approve:
        _carry_out(request, now=now)
    return request


def _carry_out(request: Publication, *, now: datetime) -> None:
    versions = list(RuleVersion.objects.select_for_update().filter(rule_id=request.version.rule_id).order_by("pk"))
    version = next(each for each in versions if each.pk == request.version_id)
    _require_target(version, request.target)
    if content_hash(version.definition) != request.content_hash:
        raise UnableToPublish("Its content is not what was asked for.")
    if not (request.maker.is_active and request.maker.has_perm(AUTHOR)):
        raise UnableToPublish("Who asked may not ask any more.")
    if request.target != Target.RETIRED:
        require_fixtures(read_definition(version.definition), lists=all_lists())
        for other in versions:
            if other.state == request.target and other.pk != version.pk:
                other.retire(at=now)
                other.save(update_fields=["state", "retired_at"])
    match request.target:
        case Target.SHADOW:
            version.start_shadow(at=now)
        case Target.LIVE:
            version.go_live(at=now)
        case Target.RETIRED:
            version.retire(at=now)
    version.save(update_fields=["state", "shadow_at", "live_at", "retired_at"])


def _require_target(version: RuleVersion, target: str) -> None:
    if target not in _FROM or version.state not in _FROM[Target(target)]:
        raise UnableToPublish(f"{version} is {version.get_state_display()} and can not go to {target!r:.20}.")


def _require(user: User, permission: str) -> None:
    if not (user.is_active and user.has_perm(permission)):
        raise PermissionDenied
