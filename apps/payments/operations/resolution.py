"""An unknown payout that no query clears: two people who have the evidence say what became of it."""

import hashlib
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import StaffScope
from apps.payments.contract import EventKind, PaymentEvent
from apps.payments.models import Approval, Withdrawal
from apps.payments.models.attempts import OPEN_ATTEMPTS
from apps.payments.operations.claims import require_not_held_by_another
from apps.payments.operations.decisions import WithdrawalNotOpen, WithdrawalSecondPerson, digest_of
from apps.payments.operations.events import told
from apps.payments.operations.reasons import ReasonMissing
from apps.payments.operations.steps import PaymentUnknown, lock_withdrawal, record_step

RESOLVE_PERMISSION = "payments.resolve_withdrawal"
_SHORTEST_EVIDENCE = 10
_PEOPLE = 2


@transaction.atomic
def attest_outcome(*, withdrawal_id: int, was_paid: bool, evidence: str, actor: User, now: datetime) -> Withdrawal:
    """
    Say, with evidence, whether an unknown payout was made; the second person who says the same makes it so.

    :param evidence: where it can be seen: a bank statement's line, the provider's letter
    :raises PermissionDenied: if the actor may not
    :raises ReasonMissing: without evidence
    :raises WithdrawalNotOpen: if it is not unknown
    :raises WithdrawalSecondPerson: if the actor has said so already
    """
    if not actor.has_perm(RESOLVE_PERMISSION):
        raise PermissionDenied
    withdrawal = lock_withdrawal(withdrawal_id)
    if not (actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=withdrawal.brand_id).exists()):
        raise PaymentUnknown
    require_not_held_by_another(withdrawal, actor)
    if len(evidence.strip()) < _SHORTEST_EVIDENCE:
        raise ReasonMissing("Say where it can be seen.")
    attempt = withdrawal.attempts.filter(state__in=OPEN_ATTEMPTS).first()
    if withdrawal.state != Withdrawal.State.UNKNOWN or attempt is None:
        raise WithdrawalNotOpen
    kind = EventKind.PAYOUT_PAID if was_paid else EventKind.PAYOUT_FAILED
    digest = hashlib.sha256(f"{kind}|{attempt.key}|{digest_of(withdrawal)}".encode()).hexdigest()
    said = Approval.objects.filter(withdrawal=withdrawal, digest=digest)
    if said.filter(approver=actor).exists():
        raise WithdrawalSecondPerson
    Approval.objects.create(withdrawal=withdrawal, approver=actor, digest=digest, note=evidence.strip(), at=now)
    record_step(
        withdrawal, "attested", before=withdrawal.state, now=now, actor=actor, outcome=kind.value, evidence=evidence
    )
    if said.count() >= _PEOPLE:
        event = PaymentEvent(kind=kind, event_id="", word="attested", reason=evidence[:200])
        told(attempt, event, now=now)
        return lock_withdrawal(withdrawal_id)
    return withdrawal
