"""Who may decide on requests of two people, and who may know of them."""

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from apps.brands.models import StaffScope
from apps.compliance.approval_commands import Command, commands, find_command
from apps.compliance.grants import is_granted
from apps.compliance.models.approvals import ApprovalRequest

AUDIT_PERMISSION = "compliance.view_every_approval"


def may_check(person: User, spec: Command) -> bool:
    """Say whether a person holds the checker's permission; behind a wall it must have been given by name."""
    return holds(person, spec, spec.checker_permission)


def may_decide(person: User, request: ApprovalRequest) -> bool:
    """Say whether a person could decide on a request that waits; the decision itself looks again."""
    spec = find_command(request.command)
    return (
        spec is not None
        and request.maker_id != person.pk
        and may_check(person, spec)
        and (request.brand_id is None or serves(person, request.brand_id))
    )


def visible_to(person: User, requests: QuerySet[ApprovalRequest]) -> QuerySet[ApprovalRequest]:
    """
    Narrow requests to what a person may know of: his own, those of commands he makes or checks, and for auditors
    everything that is not walled; of players, only those of his brands.
    """
    own = [each.name for each in commands() if may_check(person, each) or holds(person, each, each.maker_permission)]
    # A command that the platform no longer knows may have been walled.
    unwalled = [each.name for each in commands() if not each.walled]
    known = Q(command__in=own) | Q(maker=person, command__in=unwalled)
    if person.has_perm(AUDIT_PERMISSION):
        known |= Q(command__in=unwalled)
    if person.is_superuser:
        return requests.filter(known)
    brands = StaffScope.objects.filter(user=person).values("brand_id")
    return requests.filter(known).filter(Q(brand__isnull=True) | Q(brand_id__in=brands))


def holds(person: User, spec: Command, permission: str) -> bool:
    """Say whether a person holds one of a command's permissions; behind a wall it must have been given by name."""
    return is_granted(person, permission) if spec.walled else person.has_perm(permission)


def serves(person: User, brand_id: int) -> bool:
    """Say whether a person works for a brand."""
    return person.is_superuser or StaffScope.objects.filter(user=person, brand_id=brand_id).exists()
