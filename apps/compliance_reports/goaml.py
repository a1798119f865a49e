"""
Writes goAML XML from a report and checks it against its authority's schema. Decides nothing.

Source: UNODC goAML XML report schema (4.x and 5.x): report, t_person_my_client, t_from/t_to, activity. What differs
from country to country (codes, branches, what is asked for) comes from the profile; what is missing is named.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar
from xml.etree import ElementTree as ET

import xmlschema

from apps.compliance_reports.models import AuthorityProfile, Report, ReportItem
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.players.models import Player

_CENT = Decimal("0.01")
_MOST_PROBLEMS = 20
_INBOUND = frozenset({"deposit", "return"})
_OUTBOUND = frozenset({"payout", "withdrawal", "reversal", "chargeback"})


class ReportIncomplete(DomainError):
    """Something is missing; `missing` lists what."""

    code: ClassVar[str] = "filing-incomplete"
    title: ClassVar[str] = "It is not complete"
    status: ClassVar[int] = 409


class ReportNotValid(DomainError):
    """The document does not follow the authority's schema; `problems` says where."""

    code: ClassVar[str] = "filing-not-valid"
    title: ClassVar[str] = "The document does not follow the authority's schema"
    status: ClassVar[int] = 409


class SchemaNotSound(DomainError):
    """The file is no XML schema."""

    code: ClassVar[str] = "filing-schema-not-sound"
    title: ClassVar[str] = "That is no schema"
    status: ClassVar[int] = 422


@dataclass(slots=True)
class _Facts:
    """All a document needs, collected before a line is written."""

    report: Report
    profile: AuthorityProfile
    player: Player
    items: Sequence[ReportItem]
    at: datetime
    missing: list[str] = field(default_factory=list)

    def term(self, *path: str) -> Any:
        """A value of the profile; what is not there is noted as missing."""
        found: Any = self.profile.terms
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        if found in (None, "", [], {}):
            self.missing.append(f"In the profile: {' / '.join(path)}")
            return ""
        return found


def missing_parts(report: Report, *, at: datetime) -> list[str]:
    """What has to be there before the document can be written, in words."""
    facts = _collect(report, at)
    _require(facts)
    _build(facts)
    return list(dict.fromkeys(facts.missing))


def write_document(report: Report, *, at: datetime) -> str:
    """
    Write the XML of a report and check it.

    :raises ReportIncomplete: naming what is missing
    :raises ReportNotValid: naming what the authority's schema refuses
    """
    facts = _collect(report, at)
    _require(facts)
    root = _build(facts)
    if facts.missing:
        missing = list(dict.fromkeys(facts.missing))
        raise ReportIncomplete("Missing: " + "; ".join(missing) + ".", extensions={"missing": missing})
    ET.indent(root)
    document = ET.tostring(root, encoding="unicode", xml_declaration=False)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'
    require_valid(text, facts.profile.xsd)
    return text


def require_valid(document: str, xsd: str) -> None:
    """
    Check a document against a schema.

    :raises ReportNotValid: naming the first problems
    """
    problems = []
    for error in schema_of(xsd).iter_errors(document):
        problems.append(f"{error.path or '/'}: {error.reason}")
        if len(problems) == _MOST_PROBLEMS:
            break
    if problems:
        raise ReportNotValid("; ".join(problems), extensions={"problems": problems})


def schema_of(xsd: str) -> xmlschema.XMLSchema10:
    """
    Read a schema; it may fetch nothing, and no entity of it is expanded.

    :raises SchemaNotSound: if it is none
    """
    try:
        return xmlschema.XMLSchema10(xsd, allow="none", defuse="always")
    except (xmlschema.XMLSchemaException, ET.ParseError, ValueError, OSError) as error:
        raise SchemaNotSound(str(error)[:300]) from error


def digest_of(text: str) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _collect(report: Report, at: datetime) -> _Facts:
    if report.profile is None:
        raise ReportIncomplete("A decision not to report has no document.")
    items = list(report.items.select_related("evidence"))
    return _Facts(report, report.profile, report.player, items, at)


def _require(facts: _Facts) -> None:
    """What a schema does not ask for, but an authority does."""
    report, terms = facts.report, facts.profile.terms
    for name, words in (("reason", "The reason"), ("action", "What we did"), ("report_code", "The kind of report")):
        if not getattr(report, name).strip():
            facts.missing.append(words)
    if report.report_code and report.report_code not in terms.get("report_codes", []):
        facts.missing.append("A kind of report that this authority knows")
    known = set(terms.get("indicators", {}))
    if not report.indicators or set(report.indicators) - known:
        facts.missing.append("Indicators of this authority's list")
    if not facts.items and report.report_code in terms.get("needs_transactions", []):
        facts.missing.append("At least one transaction: keep it as evidence in the case, then cite it")
    for item in facts.items:
        if item.sha256 != item.evidence.sha256:
            facts.missing.append(f"The evidence as it was cited: {item.evidence.title}")
    person = facts.player
    for name in ("first_name", "last_name", "birth_date", "country"):
        if not getattr(person, name):
            facts.missing.append(f"The player's {name.replace('_', ' ')}")


def _build(facts: _Facts) -> ET.Element:
    report = facts.report
    root = ET.Element("report")
    _text(root, "rentity_id", facts.term("rentity_id"))
    if facts.profile.terms.get("rentity_branch"):
        _text(root, "rentity_branch", facts.profile.terms["rentity_branch"])
    _text(root, "submission_code", "E")
    _text(root, "report_code", report.report_code)
    _text(root, "entity_reference", report.entity_reference)
    if report.corrects and report.corrects.authority_reference:
        _text(root, "fiu_ref_number", report.corrects.authority_reference)
    _text(root, "submission_date", _instant(facts.at))
    _text(root, "currency_code_local", facts.term("currency_code_local"))
    _reporting_person(root, facts)
    if facts.profile.terms.get("location"):
        _address(root, "location", facts.profile.terms["location"])
    _text(root, "reason", report.reason.strip())
    _text(root, "action", report.action.strip())
    if facts.items:
        for item in facts.items:
            _transaction(root, facts, item)
    else:
        _activity(root, facts)
    indicators = ET.SubElement(root, "report_indicators")
    for code in report.indicators:
        _text(indicators, "indicator", code)
    return root


def _reporting_person(root: ET.Element, facts: _Facts) -> None:
    person = ET.SubElement(root, "reporting_person")
    for name in ("first_name", "last_name", "email", "occupation"):
        _text(person, name, facts.term("reporting_person", name))


def _transaction(root: ET.Element, facts: _Facts, item: ReportItem) -> None:
    content = _pinned(item)
    node = ET.SubElement(root, "transaction")
    _text(node, "transactionnumber", content["id"])
    if facts.profile.terms.get("transaction_location"):
        _text(node, "transaction_location", facts.profile.terms["transaction_location"])
    _text(node, "transaction_description", content["kind"].replace("_", " "))
    _text(node, "date_transaction", _instant(datetime.fromisoformat(content["created_at"])))
    _text(node, "transmode_code", facts.term("transmode_codes", content["kind"]))
    _text(node, "amount_local", _local_amount(facts, item))
    inbound = content["kind"] in _INBOUND
    if not inbound and content["kind"] not in _OUTBOUND:
        facts.missing.append(f"A deposit or payout instead of the {content['kind']} {content['id']}")
    _party(node, facts, content, "from", of_player=inbound)
    _party(node, facts, content, "to", of_player=not inbound)


def _party(node: ET.Element, facts: _Facts, content: Mapping[str, Any], side: str, *, of_player: bool) -> None:
    """One side: the player as our client, or our own account at which the player plays."""
    party = ET.SubElement(node, f"t_{side}_my_client" if of_player else f"t_{side}")
    _text(party, f"{side}_funds_code", facts.term("funds_codes", content["kind"]))
    if of_player:
        _person(party, f"{side}_person", facts)
        country = facts.player.country
    else:
        account = ET.SubElement(party, f"{side}_account")
        _text(account, "institution_name", facts.term("institution", "name"))
        _text(account, "institution_code", facts.term("institution", "code"))
        _text(account, "account", str(facts.player.public_id))
        _text(account, "currency_code", content["currency"])
        country = facts.term("institution", "country")
    _text(party, f"{side}_country", country)


def _person(parent: ET.Element, name: str, facts: _Facts) -> None:
    player, terms = facts.player, facts.profile.terms
    person = ET.SubElement(parent, name)
    _text(person, "first_name", player.first_name)
    _text(person, "last_name", player.last_name)
    _text(person, "birthdate", f"{player.birth_date:%Y-%m-%d}T00:00:00")
    _text(person, "residence", player.country)
    if player.street and player.city and "addresses" not in terms.get("leave_out", []):
        home = {
            "address_type": terms.get("address_type"),
            "address": player.street,
            "city": player.city,
            "zip": player.postcode,
            "country_code": player.country,
        }
        _address(ET.SubElement(person, "addresses"), "address", home)
    _text(person, "email", player.email)


def _activity(root: ET.Element, facts: _Facts) -> None:
    """Suspicion without single transactions: the player and why."""
    parties = ET.SubElement(ET.SubElement(root, "activity"), "report_parties")
    party = ET.SubElement(parties, "report_party")
    _person(party, "person_my_client", facts)
    _text(party, "reason", facts.report.reason.strip()[:4000])


def _address(parent: ET.Element, name: str, value: Mapping[str, Any]) -> None:
    node = ET.SubElement(parent, name)
    for field_name in ("address_type", "address", "city", "zip", "country_code"):
        if value.get(field_name):
            _text(node, field_name, value[field_name])


def _local_amount(facts: _Facts, item: ReportItem) -> str:
    """The amount in the authority's currency, to the cent; a foreign one needs the rate that a person gave."""
    content = _pinned(item)
    units = sum(int(each["amount"]) for each in content["transfers"])
    amount = Decimal(Money(units, content["currency"]).format())
    if content["currency"] != facts.profile.terms.get("currency_code_local"):
        if item.exchange_rate is None:
            facts.missing.append(f"The exchange rate of {content['id']} ({content['currency']})")
            return ""
        amount *= item.exchange_rate
    return str(amount.quantize(_CENT, ROUND_HALF_UP))


def _pinned(item: ReportItem) -> Mapping[str, Any]:
    """What was pinned; only transactions are cited, and those have content."""
    content: Mapping[str, Any] = item.evidence.content or {}
    return content


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def _text(parent: ET.Element, name: str, value: Any) -> None:
    """Add text; characters that XML does not know are left out."""
    clean = "".join(each for each in str(value) if each in "\t\n" or ord(each) >= 32)  # noqa: PLR2004 - control codes
    ET.SubElement(parent, name).text = clean
