"""Answering disputes: defend with evidence, or accept. Committed before it is sent, sent again until it is known."""

import io
import zipfile
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.core.queue import enqueue_on_commit
from apps.integrations.connections import Connection, connection_by_id
from apps.integrations.outbound import VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.payments.dispute_contract import (
    CallDone,
    CallRefused,
    CallResult,
    CallUnclear,
    DefenseReason,
    DisputeAdapter,
    Document,
)
from apps.payments.evidence import STATEMENT
from apps.payments.models import Dispute, DisputeAnswer, EvidencePack
from apps.payments.operations.steps import PaymentUnknown, lock_deposit, record_step
from apps.payments.registry import adapter_of

ANSWER_PERMISSION = "payments.answer_dispute"
State, Kind = DisputeAnswer.State, DisputeAnswer.Kind
STUCK_AFTER = timedelta(minutes=3)
_BACK_OFF = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), *[timedelta(hours=6)] * 4)


class DisputeNotOpen(DomainError):
    """It is decided, too late, or an answer to it is under way."""

    code = "dispute-not-open"
    title = "The dispute can not be answered now"
    status = 409


class DisputeNotAnswerable(DomainError):
    """The provider's protocol has no way to answer disputes; use its portal."""

    code = "dispute-not-answerable"
    title = "This provider's disputes are answered at its portal"
    status = 422


class EvidenceMissing(DomainError):
    """A defence hands in evidence: a ground, and a pack that is ready."""

    code = "dispute-evidence-missing"
    title = "There is no evidence to hand in"
    status = 422


@transaction.atomic
def answer_dispute(
    *, dispute_id: int, kind: str, reason_code: str = "", note: str, actor: User, now: datetime
) -> DisputeAnswer:
    """
    Defend a dispute with the newest evidence pack, or accept it; the call follows in a task.

    :param kind: `defend` or `accept`
    :param reason_code: the provider's ground of defence, see `defense_reasons`
    :raises PermissionDenied: if the actor may not
    :raises DisputeNotOpen: decided, past its deadline, or an answer is under way
    :raises DisputeNotAnswerable: the protocol can not
    :raises EvidenceMissing: to defend without a ground or a ready pack
    """
    if not actor.has_perm(ANSWER_PERMISSION):
        raise PermissionDenied
    dispute = lock_dispute(dispute_id, actor)
    if not dispute.is_open or (dispute.respond_by is not None and dispute.respond_by <= now):
        raise DisputeNotOpen
    if dispute.answers.filter(state__in=(State.QUEUED, State.SENDING, State.UNKNOWN)).exists():
        raise DisputeNotOpen("An answer is under way.")
    _route(dispute)
    pack = None
    if kind == Kind.DEFEND:
        pack = dispute.packs.filter(state=EvidencePack.State.READY).defer("content").first()
        if pack is None or not reason_code:
            raise EvidenceMissing
    answer = DisputeAnswer.objects.create(
        dispute=dispute, kind=Kind(kind), reason_code=reason_code[:60], pack=pack, note=note[:500], actor=actor, at=now,
        next_try_at=now,
    )  # fmt: skip
    dispute.holder, dispute.changed_at = actor, now
    dispute.save(update_fields=["holder", "changed_at"])
    deposit = dispute.deposit
    record_step(
        deposit, f"dispute-{kind}", before=deposit.state, now=now, actor=actor, dispute=dispute.reference,
        reason=reason_code, note=note,
    )  # fmt: skip
    enqueue_on_commit("payments.send_dispute_answer", answer_id=answer.pk)
    return answer


def defense_reasons(dispute: Dispute) -> list[DefenseReason]:
    """
    Ask the provider on what grounds a dispute may be defended; not for use inside a transaction.

    :raises DisputeNotAnswerable: the protocol can not
    :raises VendorTimeout: it did not answer
    :raises VendorUnreachable: likewise
    """
    route, adapter = _route(dispute)
    return list(adapter.defense_reasons(route, dispute.reference))


def send_answer(*, answer_id: int, now: datetime) -> DisputeAnswer:
    """Send an answer that is due; not for use inside a transaction. Repeated, it is sent as it was."""
    answer = _claim(answer_id, now)
    if answer is not None:
        _record(answer.pk, _call(answer), now)
    return DisputeAnswer.objects.get(pk=answer_id)


@transaction.atomic
def _claim(answer_id: int, now: datetime) -> DisputeAnswer | None:
    rows = DisputeAnswer.objects.select_for_update(of=("self",)).select_related("dispute", "pack")
    answer = rows.filter(pk=answer_id, next_try_at__lte=now).first()
    if answer is None or answer.state not in (State.QUEUED, State.SENDING, State.UNKNOWN):
        return None
    answer.state, answer.next_try_at = State.SENDING, now + STUCK_AFTER
    answer.tries += 1
    answer.save(update_fields=["state", "tries", "next_try_at"])
    return answer


def _call(answer: DisputeAnswer) -> CallResult:
    dispute = answer.dispute
    try:
        route, adapter = _route(dispute)
        if answer.kind == Kind.ACCEPT:
            return adapter.accept(route, dispute.reference)
        reasons = {each.code: each for each in adapter.defense_reasons(route, dispute.reference)}
        chosen = reasons.get(answer.reason_code)
        if chosen is None:
            return CallRefused("reason_not_offered", f"the provider offers {', '.join(sorted(reasons)) or 'none'}")
        return adapter.defend(route, dispute.reference, chosen.code, _documents(answer, chosen))
    except DisputeNotAnswerable as error:
        return CallRefused(error.code)
    except (VendorUnreachable, VendorSwitchedOff, VendorTimeout) as error:
        return CallUnclear(error.code)


def _documents(answer: DisputeAnswer, reason: DefenseReason) -> list[Document]:
    """The pack's statement, once for each kind of document that the ground requires, or else for the first it takes."""
    if answer.pack is None or answer.pack.content is None:
        return []
    with zipfile.ZipFile(io.BytesIO(bytes(answer.pack.content))) as archive:
        content = archive.read(STATEMENT)
    wanted = [kind for kind in reason.documents if kind.is_required] or list(reason.documents[:1])
    return [Document(kind.code, "application/pdf", content) for kind in wanted]


@transaction.atomic
def _record(answer_id: int, result: CallResult, now: datetime) -> None:
    answer = DisputeAnswer.objects.select_for_update(of=("self",)).select_related("dispute").get(pk=answer_id)
    if answer.state != State.SENDING:
        return  # the provider's event was quicker than its answer
    answer.answered_at = now
    match result:
        case CallDone():
            answer.state, answer.next_try_at, answer.error = State.DONE, None, ""
        case CallRefused(code, reason):
            answer.state, answer.next_try_at, answer.error = State.REFUSED, None, f"{code} {reason}".strip()[:300]
        case CallUnclear(reason):
            is_last = answer.tries > len(_BACK_OFF)
            answer.state, answer.error = State.REFUSED if is_last else State.UNKNOWN, reason[:300]
            answer.next_try_at = None if is_last else now + _BACK_OFF[answer.tries - 1]
    answer.save(update_fields=["state", "next_try_at", "error", "answered_at"])
    deposit = lock_deposit(answer.dispute.deposit_id)
    record_step(
        deposit, f"answer-{answer.state}", before=deposit.state, now=now, integration_id=answer.dispute.integration_id,
        dispute=answer.dispute.reference, reason=answer.error, is_incident=answer.state == State.REFUSED,
    )  # fmt: skip


def lock_dispute(dispute_id: int, actor: User) -> Dispute:
    """
    Take a dispute's row until the transaction ends, its deposit first.

    :raises PaymentUnknown: if it is of a brand that the actor does not see
    """
    deposit_id = Dispute.objects.filter(pk=dispute_id).values_list("deposit_id", flat=True).first()
    if deposit_id is None:
        raise PaymentUnknown
    deposit = lock_deposit(deposit_id)
    if not (actor.is_superuser or StaffScope.objects.filter(user=actor, brand_id=deposit.brand_id).exists()):
        raise PaymentUnknown
    dispute = Dispute.objects.select_for_update(no_key=True, of=("self",)).get(pk=dispute_id)
    dispute.deposit = deposit
    return dispute


def _route(dispute: Dispute) -> tuple[Connection, DisputeAdapter]:
    route = connection_by_id(dispute.integration_id)
    adapter = adapter_of(route) if route is not None else None
    if route is None or not isinstance(adapter, DisputeAdapter):
        raise DisputeNotAnswerable
    return route, adapter
