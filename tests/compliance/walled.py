"""A report of suspicion from draft to handed in, with words to look for where nobody may meet it."""

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command

from apps.compliance.models import Case
from apps.compliance_reports import operations
from apps.compliance_reports.models import AuthorityProfile, Report
from tests.factories.cases import NOW

GOAML = Path(__file__).parent.parent / "fixtures" / "goaml"
CANARY = "zq7-canary-suspicion"
REASON = f"Deposits do not fit the known income, see the transactions ({CANARY})."


def load(code: str) -> AuthorityProfile:
    facts, xsd = GOAML / f"{code}.json", GOAML / f"{code}.xsd"
    call_command("load_authority_profile", code, facts=facts, xsd=xsd, by="test")
    return AuthorityProfile.objects.get(code=code)


def complete(case: Case, mlro: User, profile: str, **changes: Any) -> Report:
    report = operations.draft(case_id=case.pk, profile_code=profile, actor=mlro, now=NOW)
    terms = {"report_code": "SAR", "reason": REASON, "action": "Account restricted.", **changes}
    operations.edit(public_id=report.public_id, changes=terms, actor=mlro, now=NOW)
    return report


def fresh(report: Report) -> Report:
    return Report.objects.get(pk=report.pk)


def handed_in(case: Case, mlro: User, deputy: User) -> Report:
    load("de")
    report = complete(case, mlro, "de", indicators=["A1101"])
    operations.send_to_review(public_id=report.public_id, actor=mlro, now=NOW)
    operations.review(public_id=report.public_id, approve=True, note="", actor=deputy, now=NOW)
    operations.submit(public_id=report.public_id, actor=mlro, now=NOW)
    return fresh(report)


def words_of(report: Report) -> list[str]:
    """What would give the report away on a page."""
    return [CANARY, str(report.public_id), report.entity_reference, report.document_sha256]
