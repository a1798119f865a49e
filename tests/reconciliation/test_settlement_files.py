"""Settlement files: what is read from them, to the cent, and what is said of those that cannot be read."""

import csv
import io
import json
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from apps.reconciliation.models import Batch, ColumnMapping, Import, SettlementRow
from apps.reconciliation.operations.imports import FileKnown
from tests.reconciliation.files import NEWER, OLDER, Line, adyen_file, paid_out, settled
from tests.reconciliation.scene import EURO, bring, connect

pytestmark = pytest.mark.django_db

SAMPLES = "odoo13-addon-account-bank-statement-import-adyen==13.0.1.0.1.dev11"
CACHE = Path(__file__).parents[2] / ".data" / "cache" / "adyen-samples"
TRUSTLY = json.loads((Path(__file__).parents[1] / "fixtures/vectors/payments.json").read_text())["protocols"][
    "trustly"
]["settlement_csv"]


@pytest.fixture(scope="session")
def samples() -> dict[int, bytes]:
    """
    Adyen's own sample files, out of a package that is downloaded once and never installed (its licence is not ours).

    Without a registry there are none: that is a failure on CI, and a skip on somebody's train.
    """
    if not list(CACHE.glob("*.whl")):
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
        done = subprocess.run([*command, "--dest", str(CACHE), SAMPLES], capture_output=True, text=True, check=False)
        if done.returncode:
            message = f"the package with Adyen's sample files cannot be downloaded: {done.stderr[-500:]}"
            pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    (wheel,) = CACHE.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {batch: f"settlement_detail_report_batch_{batch}.csv" for batch in (238, 380)}
        found = {name.rsplit("/", 1)[-1]: name for name in archive.namelist()}
        return {batch: archive.read(found[name]) for batch, name in names.items()}


def rows_of(imported: Import) -> list[tuple[object, ...]]:
    names = [
        field.attname
        for field in SettlementRow._meta.concrete_fields
        if field.attname not in ("import_file_id", "line", "integration_id", "payment_key")
    ]
    return list(SettlementRow.objects.filter(import_file=imported).order_by("line").values_list(*names))


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def identities_broken(imported: Import) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM reconciliation_settlementrow WHERE import_file_id = %s AND net_expected <> net",
            [imported.pk],
        )
        return int(cursor.fetchone()[0])


def test_adyens_older_sample_carries_its_balance_on_and_comes_to_zero(samples: dict[int, bytes]) -> None:
    imported = bring(connect(), samples[238], "adyen_settlement")
    assert (imported.state, imported.rows) == ("loaded", 3)
    batch = Batch.objects.get()
    assert (batch.name, batch.currency, batch.net, batch.net_expected, batch.bank) == ("238", "USD", 0, 0, 0)
    kinds = SettlementRow.objects.order_by("line").values_list("movement", "net")
    assert list(kinds) == [("carry", 454_331_990_000), ("fee", -90_000), ("carry", -454_331_900_000)]


def test_adyens_newer_sample_pays_out_what_its_lines_come_to(samples: dict[int, bytes]) -> None:
    imported = bring(connect(), samples[380], "adyen_settlement")
    assert (imported.state, imported.rows) == ("loaded", 228)
    batch = Batch.objects.get()
    assert (batch.net, batch.bank, batch.payout_reference) == (0, 55_308_070_000, "TX635094301XT")
    counts = dict.fromkeys(("Settled", "Refunded", "Fee", "MerchantPayout"), 0)
    for raw_type in SettlementRow.objects.values_list("raw_type", flat=True):
        counts[raw_type] += 1
    assert counts == {"Settled": 220, "Refunded": 6, "Fee": 1, "MerchantPayout": 1}
    # Gross times rate less fees is net, on each of the 226 payments.
    assert SettlementRow.objects.filter(net_expected__isnull=False).count() == 226
    assert identities_broken(imported) == 0


@pytest.mark.parametrize("batch", [238, 380])
def test_the_order_of_columns_does_not_matter(samples: dict[int, bytes], batch: int) -> None:
    table = list(csv.reader(io.StringIO(samples[batch].decode())))
    order = list(range(len(table[0])))
    random.Random(batch).shuffle(order)
    shuffled = io.StringIO()
    csv.writer(shuffled).writerows([[row[place] for place in order] for row in table])
    straight = bring(connect(), samples[batch], "adyen_settlement")
    mixed = bring(connect(slug="other"), shuffled.getvalue().encode(), "adyen_settlement")
    assert mixed.state == "loaded"
    assert rows_of(mixed) == rows_of(straight)


@pytest.mark.parametrize("columns", [OLDER, NEWER], ids=["older", "newer"])
def test_both_layouts_say_the_same(columns: tuple[str, ...]) -> None:
    lines = [
        settled(1, "31.45", commission="", scheme="0.09", interchange="0.21"),
        Line("Refunded", gross="-19.95", psp_reference="PSP2", reference="ref-2", modification="M2"),
    ]
    bring(connect(), adyen_file([*lines, paid_out(lines)], columns=columns), "adyen_settlement")
    first, second, third = SettlementRow.objects.order_by("line")
    assert (first.line, first.gross, first.fee, first.net) == (2, 31_450_000, 300_000, 31_150_000)
    assert (first.payment_key, first.reference, first.modification) == ("PSP1", "ref-1", "M1")
    # Noon in Amsterdam, in winter.
    assert first.occurred_at.isoformat() == "2026-11-20T11:00:00+00:00"
    assert (second.movement, second.gross, second.net) == ("refund", -19_950_000, -19_950_000)
    assert (third.movement, third.gross, third.net) == ("bank", 0, -11_200_000)


def test_types_nobody_has_confirmed_are_kept_as_they_are() -> None:
    lines = [
        Line("Chargeback", gross="-50.00", psp_reference="PSP1", modification="C1"),
        Line("ChargebackReversed", gross="50.00", psp_reference="PSP1", modification="C2"),
        Line("SecondChargeback", gross="-50.00", psp_reference="PSP1", modification="C3"),
        Line("DepositCorrection", net="-5.00"),
        Line("ReserveAdjustment", net="2.00"),
        Line("InvoiceDeduction", net="-1.50"),
        Line("SomethingNew", net="-0.01"),
    ]
    bring(connect(), adyen_file([*lines, paid_out(lines)]), "adyen_settlement")
    kept = SettlementRow.objects.order_by("line").values_list("raw_type", "movement", "net")
    assert list(kept) == [
        ("Chargeback", "chargeback", -50 * EURO),
        ("ChargebackReversed", "chargeback", 50 * EURO),
        ("SecondChargeback", "chargeback", -50 * EURO),
        ("DepositCorrection", "reserve", -5 * EURO),
        ("ReserveAdjustment", "reserve", 2 * EURO),
        ("InvoiceDeduction", "fee", -1_500_000),
        ("SomethingNew", "other", -10_000),
        ("MerchantPayout", "bank", 54_510_000),
    ]
    assert Batch.objects.get().net == 0


def test_trustlys_published_report_comes_to_its_total() -> None:
    imported = bring(connect("trustly"), TRUSTLY["csv"].encode(), "trustly_settlement")
    assert (imported.state, imported.rows) == ("loaded", 10)
    batch = Batch.objects.get()
    assert (batch.name, batch.net, batch.net_expected) == ("1434179572", 145 * EURO, 145 * EURO)
    assert (batch.bank, batch.fees, batch.payout_reference) == (145 * EURO, 5 * EURO, "1434179572")
    kept = SettlementRow.objects.order_by("line").values_list(
        "movement", "is_fee", "payment_key", "currency", "gross", "fee", "net"
    )
    assert list(kept)[:3] == [
        ("deposit", False, "1288208729", "EUR", 100 * EURO, 0, 100 * EURO),
        ("deposit", True, "1288208729", "EUR", 0, EURO, -EURO),
        ("refund", False, "1288208729", "EUR", -100 * EURO, 0, -100 * EURO),
    ]
    # Paid in kronor, settled in euro.
    assert list(kept)[7] == ("deposit", False, "2590840341", "SEK", 1500 * EURO, 0, 150 * EURO)


def test_trustlys_newer_header_and_missing_trailing_cells_are_read_alike() -> None:
    newer = TRUSTLY["csv"].replace("extraref", "externalreference").replace(",1434179572,\n", ",1434179572\n")
    assert newer.count(",1434179572\n") == 9
    imported = bring(connect("trustly"), newer.encode(), "trustly_settlement")
    assert (imported.state, imported.rows, Batch.objects.get().net) == ("loaded", 10, 145 * EURO)


def test_an_own_layout_is_read_by_its_saved_mapping() -> None:
    integration = connect("acme")
    mapping = ColumnMapping.objects.create(
        integration=integration,
        name="daily",
        columns={
            "gross": "Amount",
            "currency": "Ccy",
            "fee": "Our fee",
            "type": "Kind",
            "time": "When",
            "psp_reference": "Id",
        },
        types={"SALE": "deposit", "SALE FEE": "deposit_fee", "PAYOUT": "bank"},
        delimiter=";",
        time_zone="Europe/Malta",
    )
    text = "Id;When;Kind;Ccy;Amount;Our fee\nA1;2026-07-01 12:00:00;SALE;KWD;12.345;0.100\n"
    text += ";2026-07-01 23:00;PAYOUT;KWD;-12.245;\n"
    imported = bring(integration, text.encode(), "generic_settlement", mapping=mapping)
    assert (imported.state, imported.error) == ("loaded", "")
    sale, payout = SettlementRow.objects.order_by("line")
    assert (sale.movement, sale.payment_key, sale.gross, sale.fee, sale.net) == (
        "deposit",
        "A1",
        12_345_000,
        100_000,
        12_245_000,
    )
    # Malta is two hours ahead in summer.
    assert sale.occurred_at.isoformat() == "2026-07-01T10:00:00+00:00"
    assert (payout.movement, payout.net, Batch.objects.get().net) == ("bank", -12_245_000, 0)


def test_a_file_with_bad_cells_says_which_and_loads_nothing() -> None:
    lines = [
        settled(1),
        settled(2, "10.0000001"),
        settled(3, currency="XYZ"),
        settled(4, at="yesterday"),
        Line("Settled", gross="1", net="1", psp_reference="PSP5", rate="one"),
        Line("", net="1"),
    ]
    imported = bring(connect(), adyen_file(lines), "adyen_settlement")
    assert (imported.state, imported.rows) == ("failed", 0)
    assert not SettlementRow.objects.exists()
    found = [(issue.line, issue.column, issue.problem, issue.value) for issue in imported.issues.all()]
    assert found == [
        (3, "Gross Credit (GC)", "is finer than the ledger counts", "10.0000001"),
        (3, "Net Credit (NC)", "is finer than the ledger counts", "10.0000001"),
        (4, "Gross Currency", "is no currency we know", "XYZ"),
        (4, "Net Currency", "is no currency we know", "XYZ"),
        (5, "Creation Date", "is not a time", "yesterday"),
        (6, "Exchange Rate", "is not an amount", "one"),
        (7, "Type", "is empty", ""),
    ]
    assert imported.error == "line 3: “Gross Credit (GC)” is finer than the ledger counts"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            b"a,b,c\n1,2,3\n",
            "line 1: the column “Batch Number” is missing; it is needed in Adyen's settlement detail report",
        ),
        (b"\n\n", "has no header"),
        (adyen_file([]), "has a header and no lines"),
        (adyen_file([settled(1)]) + b"\xff\xfe,,", "is not UTF-8"),
        (adyen_file([settled(1)]) + b'"never closed', "line 3: is not CSV: unexpected end of data"),
        (adyen_file([settled(1)]) + b"," * 40 + b"too far\r\n", "line 3: has 41 cells, the header has 32"),
        (adyen_file([settled(1)]).replace(b"PSP1", b"PS\x00P"), 'invalid byte sequence for encoding "UTF8": 0x00'),
    ],
)
def test_what_is_no_settlement_file_is_refused_in_plain_words(content: bytes, error: str) -> None:
    imported = bring(connect(), content, "adyen_settlement")
    assert (imported.state, imported.error) == ("failed", error)
    assert not SettlementRow.objects.exists()


def test_the_same_bytes_count_once() -> None:
    integration, content = connect(), adyen_file([settled(1)])
    bring(integration, content, "adyen_settlement")
    with pytest.raises(FileKnown):
        bring(integration, content, "adyen_settlement", name="another name")
    assert SettlementRow.objects.count() == 1


def test_a_batch_comes_in_one_file_only() -> None:
    integration = connect()
    bring(integration, adyen_file([settled(1)], batch=7), "adyen_settlement", name="first.csv")
    again = bring(integration, adyen_file([settled(1), settled(2)], batch=7), "adyen_settlement")
    assert again.error == "batch 7 has been loaded from “first.csv” already: discard that file first"
    assert SettlementRow.objects.count() == 1


@pytest.mark.parametrize("statement", ["UPDATE {} SET net = 0", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
@pytest.mark.parametrize("table", ["reconciliation_settlementrow", "reconciliation_batch"])
def test_what_a_provider_said_is_never_altered(statement: str, table: str) -> None:
    bring(connect(), adyen_file([settled(1)]), "adyen_settlement")
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        execute(statement.format(table))


@pytest.mark.parametrize(
    "reference",
    [
        "tab\there",
        "two\nlines",
        "back\\slash",
        "\\N",
        "\\.",
        "carriage\rreturn",
        'quoted "so"',
        "comma, too",
        "Zürich 💶",
    ],
)
def test_a_text_arrives_as_it_stands_in_the_file(reference: str) -> None:
    lines = [settled(1), Line("Settled", gross="10.00", psp_reference="PSP2", reference=reference), settled(3)]
    imported = bring(connect(), adyen_file([*lines, paid_out(lines)]), "adyen_settlement")
    assert imported.state == Import.State.LOADED, imported.error
    found = SettlementRow.objects.filter(import_file=imported, movement="deposit").order_by("line")
    assert list(found.values_list("reference", flat=True)) == ["ref-1", reference, "ref-3"]
    assert list(found.values_list("psp_reference", flat=True)) == ["PSP1", "PSP2", "PSP3"]
