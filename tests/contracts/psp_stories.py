"""What each provider may tell of one payment, and how that ends whatever the order and however often it is told."""

from collections.abc import Callable
from dataclasses import dataclass

from apps.payments.models import Deposit, Withdrawal
from tests.contracts.psps import Adyen, Message, Psp, Trustly, key


@dataclass(frozen=True)
class Story:
    """One story of one provider."""

    tell: Callable[[Psp, Deposit | Withdrawal], list[Message]]
    state: str
    change: int
    """What it does to the player's 1 000.00, in whole euro; a payment is of 100.00."""
    is_deposit: bool = True


def _settled(psp: Psp, payment: Deposit | Withdrawal) -> list[Message]:
    assert isinstance(payment, Deposit)
    return psp.paid_in(payment)


def _failed(psp: Psp, payment: Deposit | Withdrawal) -> list[Message]:
    assert isinstance(payment, Deposit)
    return psp.not_paid_in(payment)


def _failed_then_settled(psp: Psp, payment: Deposit | Withdrawal) -> list[Message]:
    return [*_failed(psp, payment), *_settled(psp, payment)[-1:]]


def _paid(psp: Psp, payment: Deposit | Withdrawal) -> list[Message]:
    assert isinstance(payment, Withdrawal)
    return psp.paid_out(payment)


def _not_paid(psp: Psp, payment: Deposit | Withdrawal) -> list[Message]:
    assert isinstance(payment, Withdrawal)
    return psp.not_paid_out(payment)


def _not_paid_then_paid(psp: Psp, payment: Deposit | Withdrawal) -> list[Message]:
    return [*_not_paid(psp, payment), *_paid(psp, payment)]


def _paid_then_returned(psp: Psp, payment: Deposit | Withdrawal) -> list[Message]:
    assert isinstance(payment, Withdrawal)
    return [*_paid(psp, payment), *psp.returned(payment)]


def _debited(psp: Psp, payment: Deposit | Withdrawal) -> list[Message]:
    assert isinstance(psp, Trustly)
    data = {"messageid": key(payment), "orderid": str(9_000_000 + payment.pk), "currency": "EUR"}
    return [*_settled(psp, payment), psp.message("debit", amount="100.00", **data)]


def _cancelled_payout(psp: Psp, payment: Deposit | Withdrawal) -> list[Message]:
    assert isinstance(psp, Trustly)
    data = {"messageid": key(payment), "orderid": str(9_000_000 + payment.pk)}
    return [*_paid(psp, payment), psp.message("cancel", **data)]


def _adyen(*codes: str) -> Callable[[Psp, Deposit | Withdrawal], list[Message]]:
    """An AUTHORISATION and what follows it, each under a reference of its own."""

    def tell(psp: Psp, payment: Deposit | Withdrawal) -> list[Message]:
        assert isinstance(psp, Adyen)
        first = f"FIRST{payment.pk}"
        told = [psp.batch(psp.item(payment, "AUTHORISATION", pspReference=first))]
        own = {"originalReference": first, "pspReference": f"OWN{payment.pk}"}
        return told + [psp.batch(psp.item(payment, code, **own)) for code in codes]

    return tell


def _third_party(*codes: str) -> Callable[[Psp, Deposit | Withdrawal], list[Message]]:
    """Payouts of the older interface, which are told by items."""

    def tell(psp: Psp, payment: Deposit | Withdrawal) -> list[Message]:
        assert isinstance(psp, Adyen)
        return [psp.batch(psp.item(payment, code, pspReference=f"OUT{payment.pk}")) for code in codes]

    return tell


_COMMON = {
    "settled": Story(_settled, "settled", 100),
    "failed": Story(_failed, "failed", 0),
    "failed, then settled": Story(_failed_then_settled, "settled", 100),
    "paid": Story(_paid, "paid", -100, is_deposit=False),
    "not paid": Story(_not_paid, "failed", 0, is_deposit=False),
    "not paid, then paid": Story(_not_paid_then_paid, "paid", -100, is_deposit=False),
}
_RETURNED = {"paid, then returned": Story(_paid_then_returned, "returned", 0, is_deposit=False)}
STORIES: dict[str, dict[str, Story]] = {
    "trustly": _COMMON
    | _RETURNED
    | {
        "settled, then debited": Story(_debited, "reversed", 0),
        "paid, then cancelled": Story(_cancelled_payout, "returned", 0, is_deposit=False),
    },
    "adyen": _COMMON
    | _RETURNED
    | {
        "settled, then refunded at the portal": Story(_adyen("REFUND"), "reversed", 0),
        "settled, then cancelled": Story(_adyen("CANCELLATION"), "reversed", 0),
        "settled, then the capture failed": Story(_adyen("CAPTURE_FAILED"), "reversed", 0),
        "charged back": Story(_adyen("NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK"), "settled", 0),
        "charged back and won": Story(_adyen("CHARGEBACK", "CHARGEBACK_REVERSED"), "settled", 100),
        "charged back twice": Story(_adyen("CHARGEBACK", "CHARGEBACK_REVERSED", "SECOND_CHARGEBACK"), "settled", 0),
        "third party paid": Story(_third_party("PAYOUT_THIRDPARTY"), "paid", -100, is_deposit=False),
        "third party expired": Story(_third_party("PAYOUT_EXPIRE"), "failed", 0, is_deposit=False),
        "third party paid, then reversed": Story(
            _third_party("PAYOUT_THIRDPARTY", "PAIDOUT_REVERSED"), "returned", 0, is_deposit=False
        ),
    },
    "cryptoprocessing": _COMMON,
    # Its cancel ends a payout as cancelled, and its transfer stands above all.
    "paymentiq": _COMMON | {"not paid": Story(_not_paid, "cancelled", 0, is_deposit=False)},
}
