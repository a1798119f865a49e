"""Money of a failed due diligence on its way back to where it came from: one withdrawal for each source."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.compliance.alerts import raise_alert
from apps.core.admin_display import amount_text
from apps.core.money import Money
from apps.core.queue import enqueue_on_commit
from apps.integrations.outbox import Fact
from apps.payments.closed_loop import Share, allocate
from apps.payments.models import SourceRefund, Withdrawal
from apps.payments.operations.steps import record_step
from apps.payments.operations.withdrawals import DUE_AFTER
from apps.verification.models import DueDiligence
from apps.verification.operations.due_diligence import finish_refund, refundable_units, take_for_refund

CONSUMER = "payments.source_refunds"
_DUE = "verification.due_diligence.refund_due"
_ENDED = frozenset(f"payments.withdrawal.{word}" for word in ("paid", "failed", "returned", "rejected"))
FOLLOWED = frozenset({_DUE}) | _ENDED


def follow(facts: Sequence[Fact], *, now: datetime) -> None:
    """Send back what is due, and end a refund when all of it has arrived; for `outbox.consume`."""
    for fact in facts:
        if fact.kind == _DUE:
            send_back(due_diligence_id=DueDiligence.objects.get(public_id=fact.subject).pk, now=now)
        else:
            found = SourceRefund.objects.filter(withdrawal__public_id=fact.subject).first()
            if found is not None:
                end_if_done(due_diligence_id=found.due_diligence_id, now=now)


@transaction.atomic
def send_back(*, due_diligence_id: int, now: datetime) -> list[Withdrawal]:
    """
    Divide locked money among its sources, and put a withdrawal to each on its way; repeated, nothing happens.

    They are screened and decided on like any other. What came from no source stays locked, and people are told.
    """
    diligence = DueDiligence.objects.select_related("player__brand").get(pk=due_diligence_id)
    if diligence.state != DueDiligence.State.REFUND_DUE or diligence.source_refunds.exists():
        return []
    made = []
    for currency, units in refundable_units(diligence).items():
        money = Money(units, currency)
        shares = allocate(player=diligence.player, money=money, chosen=None, method_id="").shares
        made += [_sent_back(diligence, share, currency, now) for share in shares]
    end_if_done(due_diligence_id=diligence.pk, now=now)
    return made


@transaction.atomic
def end_if_done(*, due_diligence_id: int, now: datetime) -> None:
    """End a refund once every part was paid and nothing is left; what can not go back is made somebody's work."""
    diligence = DueDiligence.objects.select_related("player__brand").get(pk=due_diligence_id)
    if diligence.state != DueDiligence.State.REFUND_DUE:
        return
    left = refundable_units(diligence)
    if left:
        _alert(diligence, left, now)
    elif not diligence.source_refunds.exclude(withdrawal__state=Withdrawal.State.PAID).exists():
        finish_refund(due_diligence_id=diligence.pk, now=now)


def _sent_back(diligence: DueDiligence, share: Share, currency: str, now: datetime) -> Withdrawal:
    instrument = share.instrument
    withdrawal = Withdrawal.objects.create(
        player=diligence.player,
        brand_id=diligence.player.brand_id,
        currency=currency,
        amount_units=share.units,
        method_id=instrument.method_id,
        instrument=instrument,
        requested_at=now,
        changed_at=now,
        due_at=now + DUE_AFTER,
    )
    SourceRefund.objects.create(
        withdrawal=withdrawal, due_diligence=diligence, source=share.label, currency=currency, at=now
    )
    made = take_for_refund(due_diligence_id=diligence.pk, money=withdrawal.money, now=now)
    record_step(
        withdrawal, "refund-to-source", before="", now=now, transaction_id=made, due_diligence=str(diligence.public_id)
    )
    enqueue_on_commit("payments.screen_withdrawal", withdrawal_id=withdrawal.pk)
    return withdrawal


def _alert(diligence: DueDiligence, left: dict[str, int], now: datetime) -> None:
    amounts = ", ".join(amount_text(units, currency) for currency, units in left.items())
    raise_alert(
        player_id=diligence.player_id,
        blueprint="kyc",
        source="payments",
        dedupe_key=f"source-refund:{diligence.pk}",
        severity="high",
        title="Locked money that can not go back to its source",
        explanation=(
            f"{amounts} of a failed due diligence came from no account that can be paid to, or came back from it."
            " It stays locked until people decide where it may go."
        ),
        evidence={"due_diligence": str(diligence.public_id), "left_units": left},
        now=now,
    )
