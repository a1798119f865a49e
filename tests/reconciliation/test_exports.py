"""Exports: the same data gives the same bytes, and no cell is a formula."""

import csv
import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import User

from apps.core.money import Money
from apps.reconciliation.files import chunks_of
from apps.reconciliation.models import Export, ExportSchedule
from apps.reconciliation.operations.exports import make_export, queue_scheduled, request_export, schedule_export
from apps.reconciliation.writing import safe_text, write_csv, write_xlsx
from tests.reconciliation.files import Line, adyen_file, paid_out, settled
from tests.reconciliation.scene import DAY, NOW, bring, connect, contract, posting, reconcile

EVIL = '=HYPERLINK("http://evil.example","pay")'


@pytest.mark.parametrize("text", [EVIL, "+1", "-cmd|'/c calc'!A1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"])
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    assert safe_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-12.50", "12", "Adyen", "", "a=b"])
def test_plain_texts_and_amounts_stay_as_they_are(text: str) -> None:
    assert safe_text(text) == text


def test_both_formats_hold_the_same_exact_cells() -> None:
    rows = [
        ("Adyen", Money.parse("-1234.50", "EUR"), Money(12_345_678_901_234_567, "BTC"), EVIL, date(2026, 11, 20), None)
    ]
    header = ("provider", "amount", "coins", "text", "day", "nothing")
    as_csv, as_xlsx = io.BytesIO(), io.BytesIO()
    assert write_csv(as_csv, header, rows) == write_xlsx(as_xlsx, header, rows, as_of=DAY) == 1
    read = list(csv.reader(io.StringIO(as_csv.getvalue().decode())))
    assert read == [list(header), ["Adyen", "-1234.50", "123456789.01234567", f"'{EVIL}", "2026-11-20", ""]]
    (sheet,) = openpyxl.load_workbook(io.BytesIO(as_xlsx.getvalue())).worksheets
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    # More digits than a spreadsheet's number holds stay a text.
    assert cells[1] == ["Adyen", -1234.5, "123456789.01234567", f"'{EVIL}", "2026-11-20", None]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_an_export_made_again_is_the_same_to_the_byte(file_format: str) -> None:
    psp, finance = connect(), User.objects.create_superuser("finance")
    contract(psp, lag=1)
    posting(psp, 1)
    lines = [settled(1, "9.00"), Line("Settled", gross="5.00", psp_reference=EVIL, reference="x")]
    bring(psp, adyen_file([*lines, paid_out(lines)]), "adyen_settlement", business_date=DAY)
    reconcile(psp)
    for kind in ("settlements", "ledger", "breaks", "player_money", "returned", "disputes"):
        terms: dict[str, Any] = {"kind": kind, "file_format": file_format, "as_of": DAY, "actor": finance, "now": NOW}
        first, second = (make_export(export_id=request_export(**terms).pk, now=NOW) for _ in range(2))
        assert (first.state, first.error) == ("ready", "")
        assert first.file_id is not None
        assert first.file_id == second.file_id
        if kind == "breaks" and file_format == "csv":
            assert first.file is not None
            table = list(csv.DictReader(io.StringIO(b"".join(chunks_of(first.file)).decode())))
            assert [(row["class"], row["difference"], row["remaining"]) for row in table] == [
                ("missing_internal", "5.00", "5.00"),
                ("amount", "-1.00", "-1.00"),
            ]
            assert table[0]["subject"] == f"deposit:{EVIL}"


@pytest.mark.django_db
def test_a_scheduled_export_is_queued_once_a_day() -> None:
    finance = User.objects.create_superuser("finance")
    for cadence in ("daily", "weekly", "monthly"):
        schedule_export(kind="ledger", file_format="csv", cadence=cadence, actor=finance, now=NOW)
    wednesday = NOW
    assert [made.schedule.cadence for made in queue_scheduled(now=wednesday) if made.schedule] == ["daily"]
    assert queue_scheduled(now=wednesday) == []
    monday_first = datetime(2027, 2, 1, 5, tzinfo=NOW.tzinfo)
    assert len(queue_scheduled(now=monday_first)) == 3
    assert ExportSchedule.objects.count() == 3
    assert Export.objects.filter(state="queued").count() == 4
