"""Projections of the ledger, alerts, contracts with game providers, their invoices, and exports."""

from apps.reporting.models.contracts import MonthRate, ProviderContract, ProviderRate
from apps.reporting.models.exports import ReportExport, ReportKind
from apps.reporting.models.games import GameDay, RtpAlert, RtpBaseline, RtpDay, RtpEvidence
from apps.reporting.models.invoices import Invoice, InvoiceLine, InvoiceRefusal, VendorLine
from apps.reporting.models.revenue import CallDay, RefusalDay, Revenue

__all__ = [
    "CallDay",
    "GameDay",
    "Invoice",
    "InvoiceLine",
    "InvoiceRefusal",
    "MonthRate",
    "ProviderContract",
    "ProviderRate",
    "RefusalDay",
    "ReportExport",
    "ReportKind",
    "Revenue",
    "RtpAlert",
    "RtpBaseline",
    "RtpDay",
    "RtpEvidence",
    "VendorLine",
]
