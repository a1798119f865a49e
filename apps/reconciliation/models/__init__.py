"""Imported rows, runs, breaks and exports. Money is in the ledger; what others say of it is here, never altered."""

from apps.reconciliation.models.breaks import Break, BreakEvent, Resolution, WriteOffAccount
from apps.reconciliation.models.exports import Export, ExportSchedule, StoredExport
from apps.reconciliation.models.files import ColumnMapping, FileChunk, Import, ImportIssue, StoredFile
from apps.reconciliation.models.lines import BankLine, Batch, GameReportRow, LedgerLine, SettlementRow
from apps.reconciliation.models.runs import BreakClass, Run, RunItem, Scope
from apps.reconciliation.models.settlements import SettlementPosting

__all__ = [
    "BankLine",
    "Batch",
    "Break",
    "BreakClass",
    "BreakEvent",
    "ColumnMapping",
    "Export",
    "ExportSchedule",
    "FileChunk",
    "GameReportRow",
    "Import",
    "ImportIssue",
    "LedgerLine",
    "Resolution",
    "Run",
    "RunItem",
    "Scope",
    "SettlementPosting",
    "SettlementRow",
    "StoredExport",
    "StoredFile",
    "WriteOffAccount",
]
