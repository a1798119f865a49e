"""Every life of a payment ends as the bank's own books say, and no broken twin of the platform gets away with its."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis.stateful import run_state_machine_as_test

from apps.payments.contract import PayoutRefused, PayoutUnclear
from apps.payments.models import Attempt, Withdrawal
from apps.payments.operations import submission
from tests.payments.bank import Bank
from tests.payments.conftest import connect_bank
from tests.payments.machine import SOUND, TWIN, Payments


@pytest.fixture
def lives(db: None, bank: Bank, second_bank: Bank, monkeypatch: pytest.MonkeyPatch) -> type[Payments]:
    """Two banks for the machine; the first is asked first."""
    connect_bank(bank)
    connect_bank(second_bank, "second-bank", priority=200)
    monkeypatch.setattr(Payments, "banks", {"bank": bank, "second-bank": second_bank})
    return Payments


def test_every_life_of_a_payment_ends_as_the_banks_books_say(lives: type[Payments]) -> None:
    run_state_machine_as_test(lives, settings=SOUND)


def _unclear_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time-out taken for a refusal: the next bank is asked."""
    call = submission._call

    def taken_for_a_no(*arguments: Any) -> Any:
        result = call(*arguments)
        return PayoutRefused("timeout") if isinstance(result, PayoutUnclear) else result

    monkeypatch.setattr(submission, "_call", taken_for_a_no)


def _sent_again_under_a_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt that was lost is begun anew, and the bank takes it for another payout."""
    resolve = submission.resolve_attempt

    def begun_anew(*, attempt_id: int, now: Any) -> None:
        attempt = Attempt.objects.get(pk=attempt_id)
        if attempt.state in (Attempt.State.SENDING, Attempt.State.UNKNOWN):
            Attempt.objects.filter(pk=attempt_id).update(state=Attempt.State.REFUSED, next_query_at=None)
            Withdrawal.objects.filter(pk=attempt.withdrawal_id or 0).update(state="queued")
            submission.submit_withdrawal(withdrawal_id=attempt.withdrawal_id or 0, now=now)
            return
        resolve(attempt_id=attempt_id, now=now)

    monkeypatch.setattr(submission, "resolve_attempt", begun_anew)


@pytest.mark.parametrize("break_it", [_unclear_is_a_no, _sent_again_under_a_new_key], ids=lambda each: each.__name__)
def test_a_broken_twin_is_found_out(
    lives: type[Payments],
    monkeypatch: pytest.MonkeyPatch,
    break_it: Callable[[pytest.MonkeyPatch], None],
) -> None:
    break_it(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(lives, settings=TWIN)
