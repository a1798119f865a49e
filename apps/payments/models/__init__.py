"""Deposits and withdrawals, their attempts at providers, and the data that decides on them. Money is in the ledger."""

from apps.payments.models.attempts import Attempt, PaymentStep
from apps.payments.models.deposits import Deposit, Dispute
from apps.payments.models.routing import ApprovalPolicy, Capability, Circuit, PaymentMethod, PspContract
from apps.payments.models.sessions import CashierSession
from apps.payments.models.withdrawals import Approval, Check, Instrument, Withdrawal

__all__ = [
    "Approval",
    "ApprovalPolicy",
    "Attempt",
    "Capability",
    "CashierSession",
    "Check",
    "Circuit",
    "Deposit",
    "Dispute",
    "Instrument",
    "PaymentMethod",
    "PaymentStep",
    "PspContract",
    "Withdrawal",
]
