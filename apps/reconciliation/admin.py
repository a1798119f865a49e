"""Staff pages of reconciliation, one file for each."""

from apps.reconciliation.breaks_page import BreakAdmin
from apps.reconciliation.exports_page import ExportAdmin, ExportScheduleAdmin
from apps.reconciliation.imports_page import ColumnMappingAdmin, ImportAdmin
from apps.reconciliation.runs_page import RunAdmin

__all__ = ["BreakAdmin", "ColumnMappingAdmin", "ExportAdmin", "ExportScheduleAdmin", "ImportAdmin", "RunAdmin"]
