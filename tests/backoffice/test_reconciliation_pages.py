"""The pages of reconciliation: who sees them, what they cost, and that what is pressed is done by the operations."""

import io

import pytest
from django.test import Client
from django.urls import reverse

from apps.compliance.models import ApprovalRequest
from apps.integrations.models import Integration
from apps.reconciliation.models import Break, Export, Import, LedgerLine, Run
from apps.reconciliation.operations.exports import make_export
from apps.reconciliation.operations.imports import read_import
from tests.backoffice.conftest import Login
from tests.harness.queries import statements_of
from tests.reconciliation.files import adyen_file, settled
from tests.reconciliation.scene import DAY, EURO, NOW, bring, connect, contract, reconcile

LISTS = ("break", "run", "import", "columnmapping", "export", "exportschedule")


@pytest.fixture
def psp(db: None) -> Integration:
    psp = connect()
    contract(psp, lag=1)
    return psp


def compared(psp: Integration, *numbers: int) -> Run:
    """Payments that the provider settled and we know nothing of."""
    bring(
        psp,
        adyen_file([settled(number) for number in numbers], batch=numbers[0]),
        "adyen_settlement",
        business_date=DAY,
    )
    return reconcile(psp)


def url(model: str, page: str = "changelist", *arguments: object) -> str:
    return reverse(f"admin:reconciliation_{model}_{page}", args=arguments)


def press(client: Client, model: str, key: int, button: str, **terms: object) -> list[str]:
    reply = client.post(url(model, button, key), terms, follow=True)
    return [str(message) for message in reply.context["messages"]]


@pytest.mark.parametrize("model", LISTS)
def test_each_list_is_for_those_who_may_see_it(login: Login, psp: Integration, model: str) -> None:
    assert login("payments").get(url(model)).status_code == 200
    assert login("auditor").get(url(model)).status_code == 200
    assert login("support").get(url(model)).status_code == 403


@pytest.mark.parametrize("model", ["break", "run", "import"])
def test_a_list_costs_the_same_with_more_rows(login: Login, psp: Integration, model: str) -> None:
    client = login("auditor")
    compared(psp, 1)
    client.get(url(model))
    few = statements_of(client, url(model))
    compared(psp, *range(2, 12))
    assert len(statements_of(client, url(model))) == len(few)


def test_the_pages_say_in_plain_words_what_disagrees(login: Login, psp: Integration) -> None:
    client, run = login("payments"), compared(psp, 7)
    words = "The provider settled 10.00 EUR; our books have no such payment."
    assert words in client.get(url("run", "change", run.pk)).text
    found = Break.objects.get()
    assert words in client.get(url("break", "change", found.pk)).text
    workbench = client.get(url("break")).text
    assert words in workbench
    assert "Missing here (1)" in workbench
    assert client.get(url("import", "change", Import.objects.get().pk)).status_code == 200


def test_a_break_is_claimed_posted_and_told(login: Login, psp: Integration) -> None:
    client = login("payments")
    compared(psp, 7)
    found = Break.objects.get()
    assert press(client, "break", found.pk, "claim") == ["It is yours."]
    assert press(client, "break", found.pk, "comment", text="asked them") == ["Kept with the break."]
    posted = press(client, "break", found.pk, "post-to-suspense", remaining_units=10 * EURO, note="they confirmed it")
    assert posted == ["Posted; the break is resolved."]
    found = Break.objects.get()
    assert (found.state, found.remaining_units) == ("resolved", 0)
    page = client.get(url("break", "change", found.pk)).text
    assert "asked them" in page
    assert "they confirmed it" in page


def test_whoever_proposes_a_write_off_cannot_approve_it(login: Login, psp: Integration) -> None:
    maker, checker = login("payments"), login("payments", username="second")
    compared(psp, 7)
    found = Break.objects.get()
    press(maker, "break", found.pk, "propose-write-off", account="adjustment", note="too small to chase")
    asked = ApprovalRequest.objects.get()
    for queue, is_there in (("write-off", True), ("mine", False)):
        listed = checker.get(f"{url('break')}?queue={queue}").context["cl"].result_list
        assert [each.pk for each in listed] == ([found.pk] if is_there else [])
    assert "A write-off waits for a second person" in checker.get(url("break", "change", found.pk)).text
    address = reverse("admin:compliance_approvalrequest_approve", args=[asked.pk])
    for client in (maker, checker):
        client.post(address, {"seen": asked.payload_hash, "reason": "agreed with finance"})
        assert Break.objects.get().state == ("open" if client is maker else "resolved")


def test_an_uploaded_file_is_read_and_its_errors_are_shown_by_line(login: Login, psp: Integration) -> None:
    client = login("payments")
    content = io.BytesIO(adyen_file([settled(1), settled(2, "12.34")]).replace(b"12.34,1,EUR", b"1o.00,1,EUR"))
    content.name = "november.csv"
    reply = client.post(
        url("import", "do"), {"file": content, "file_format": "adyen_settlement", "integration": psp.pk}, follow=True
    )
    assert [str(message) for message in reply.context["messages"]] == ["“november.csv” is being read."]
    imported = read_import(import_id=Import.objects.get().pk, now=NOW)
    page = client.get(url("import", "change", imported.pk)).text
    assert "Gross Credit (GC)" in page
    assert "is not an amount" in page
    assert "1o.00" in page


def test_an_auditor_reads_and_starts_nothing(login: Login, psp: Integration) -> None:
    client = login("auditor")
    compared(psp, 7)
    found = Break.objects.get()
    assert client.post(url("break", "claim", found.pk)).status_code == 403
    for model in ("run", "import", "export"):
        assert client.post(url(model, "do"), {}).status_code == 403
    found = Break.objects.get()
    assert found.owner_id is None


def test_an_export_is_made_and_its_download_is_logged(login: Login, psp: Integration) -> None:
    client = login("payments")
    client.post(url("export", "do"), {"kind": "breaks", "file_format": "csv", "as_of": "2026-11-20"})
    export = make_export(export_id=Export.objects.get().pk, now=NOW)
    answer = client.get(url("export", "download", export.pk))
    assert answer.status_code == 200
    assert answer.getvalue().startswith(b"as_of,found_on,age_days,class")
    assert export.file is not None
    assert answer["X-Content-SHA256"] == export.file.sha256
    assert login("auditor").get(url("export", "download", export.pk)).status_code == 403
    assert not LedgerLine.objects.exists()
