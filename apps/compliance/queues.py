"""Who sees which cases: a person's queues and stages follow from permissions, brands from the brand scope."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from apps.compliance.models import Blueprint, Case
from apps.core.admin_base import brand_scope

_APP = "compliance"
READ_ALL = f"{_APP}.read_all_cases"
MLRO_STAGE = f"{_APP}.work_mlro_stage"
DECIDE = f"{_APP}.decide_case"
RESOLVE = f"{_APP}.resolve_case"
ASSIGN = f"{_APP}.assign_case"
EXPORT = f"{_APP}.export_case"
SNOOZE_RULE = f"{_APP}.snooze_rule"
FIGURES = f"{_APP}.view_case_figures"


@dataclass(frozen=True, slots=True)
class Desk:
    """What one person works on. `brands` None means all."""

    queues: tuple[str, ...]
    stages: tuple[str, ...]
    brands: tuple[int, ...] | None


def work_permission(blueprint: str) -> str:
    """The permission that opens a queue."""
    return f"{_APP}.work_{blueprint}"


def check_permission(blueprint: str) -> str:
    """The permission to be the second person of a queue."""
    return f"{_APP}.check_{blueprint}"


def desk_of(user: Any) -> Desk:
    """A person's queues, stages and brands."""
    queues = tuple(code for code in Blueprint.Code.values if user.has_perm(work_permission(code)))
    hidden = () if user.has_perm(MLRO_STAGE) else (Case.Stage.MLRO,)
    stages = tuple(stage for stage in Case.Stage.values if stage not in hidden)
    scope = brand_scope(user)
    return Desk(queues, stages, None if scope is None else tuple(sorted(scope.ids)))


def reading_desk(user: Any) -> Desk:
    """What a person may read: the desk, or all of it for those who read every case."""
    desk = desk_of(user)
    if user.has_perm(READ_ALL):
        return Desk(tuple(Blueprint.Code.values), tuple(Case.Stage.values), desk.brands)
    return desk


def visible_cases(user: Any) -> QuerySet[Case]:
    """The cases a person may look at: their queues and stages, at their brands; cases of others do not exist."""
    desk = desk_of(user)
    rows = Case.objects.all() if desk.brands is None else Case.objects.filter(brand__in=desk.brands)
    if user.has_perm(READ_ALL):
        return rows
    return rows.filter(blueprint_code__in=desk.queues, stage__in=desk.stages)


def may_see(user: Any, case: Case) -> bool:
    """Whether a person may look at one case; no query beyond the person's permissions."""
    desk = desk_of(user)
    if desk.brands is not None and case.brand_id not in desk.brands:
        return False
    return user.has_perm(READ_ALL) or (case.blueprint_code in desk.queues and case.stage in desk.stages)


def may_work(user: Any, case: Case) -> bool:
    """Whether a person may work on it: reading everything is not working on everything."""
    desk = desk_of(user)
    in_scope = desk.brands is None or case.brand_id in desk.brands
    return in_scope and case.blueprint_code in desk.queues and case.stage in desk.stages


def unwatched_queues() -> list[str]:
    """Queues with open cases that nobody active may work on: an alarm (C1)."""
    from django.contrib.auth.models import Permission, User  # noqa: PLC0415 - only here

    waiting = set(Case.objects.exclude(state=Case.State.RESOLVED).values_list("blueprint_code", flat=True).distinct())
    people = User.objects.filter(is_active=True, is_staff=True)
    unwatched = []
    for code in sorted(waiting):
        permission = Permission.objects.filter(content_type__app_label=_APP, codename=f"work_{code}")
        may = Q(groups__permissions__in=permission) | Q(user_permissions__in=permission)
        if not people.filter(may).exists():
            unwatched.append(code)
    return unwatched
