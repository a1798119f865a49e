"""Registers the staff pages of payments; each stands in a module of its own beside this."""

from apps.payments.contracts_page import PspContractAdmin
from apps.payments.deposits_page import DepositAdmin
from apps.payments.disputes_page import DisputeAdmin
from apps.payments.events_page import InboundEventAdmin
from apps.payments.instruments_page import InstrumentAdmin
from apps.payments.providers_page import RouteDrillAdmin, RoutingRuleAdmin
from apps.payments.reserves_page import ReserveHoldAdmin
from apps.payments.routes_page import CapabilityAdmin
from apps.payments.withdrawals_page import WithdrawalAdmin

# Importing them registers them.
__all__ = [
    "CapabilityAdmin",
    "DepositAdmin",
    "DisputeAdmin",
    "InboundEventAdmin",
    "InstrumentAdmin",
    "PspContractAdmin",
    "ReserveHoldAdmin",
    "RouteDrillAdmin",
    "RoutingRuleAdmin",
    "WithdrawalAdmin",
]
