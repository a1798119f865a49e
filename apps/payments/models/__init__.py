"""Deposits and withdrawals, their attempts at providers, and the data that decides on them. Money is in the ledger."""

from apps.payments.models.attempts import Attempt, PaymentStep
from apps.payments.models.contracts import ContractFee, PspContract, ReserveTerm, SettlementTerm
from apps.payments.models.deposits import Deposit
from apps.payments.models.disputes import Dispute, DisputeAnswer, DisputeEvent, EvidenceDownload, EvidencePack
from apps.payments.models.instruments import Instrument, InstrumentEvent
from apps.payments.models.queue import StateTarget, WithdrawalReason
from apps.payments.models.refunds import Refund
from apps.payments.models.reserves import ReserveHold
from apps.payments.models.routing import (
    ApprovalPolicy,
    Capability,
    Circuit,
    PaymentMethod,
    RouteDrill,
    RoutingRule,
)
from apps.payments.models.sessions import CashierSession
from apps.payments.models.source_refunds import SourceRefund
from apps.payments.models.withdrawals import Approval, Check, Withdrawal

__all__ = [
    "Approval",
    "ApprovalPolicy",
    "Attempt",
    "Capability",
    "CashierSession",
    "Check",
    "Circuit",
    "ContractFee",
    "Deposit",
    "Dispute",
    "DisputeAnswer",
    "DisputeEvent",
    "EvidenceDownload",
    "EvidencePack",
    "Instrument",
    "InstrumentEvent",
    "PaymentMethod",
    "PaymentStep",
    "PspContract",
    "Refund",
    "ReserveHold",
    "ReserveTerm",
    "RouteDrill",
    "RoutingRule",
    "SettlementTerm",
    "SourceRefund",
    "StateTarget",
    "Withdrawal",
    "WithdrawalReason",
]
