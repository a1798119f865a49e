"""The blueprints a new installation starts with. Changes to a running one are new versions, not edits here."""

from typing import Any

_OFFICE = {"timezone": "Europe/Malta", "days": [0, 1, 2, 3, 4], "from": "08:00", "to": "18:00"}
_ALL_SECTIONS = ["why", "player", "money", "timeline", "linked", "evidence", "decisions", "events"]
_SLA = {"critical": 60, "high": 240, "medium": 600, "low": 1800}
_FOUND = ["false_positive", "confirmed", "inconclusive"]
_REQUIREMENTS = ["requirements_met", "requirements_not_met", "inconclusive"]


def _points(**points: str) -> list[dict[str, str]]:
    return [{"code": code.replace("_", "-"), "text": text} for code, text in points.items()]


def _blueprint(code: str, title: str, purpose: str, **terms: Any) -> dict[str, Any]:
    return {
        "code": code, "version": 1, "title": title, "purpose": purpose,
        "capacity": 15, "claim_minutes": 240, "sla_minutes": _SLA, "calendar": _OFFICE, "jurisdiction_sla": {},
        "max_wait_days": 14, "min_narrative": 40, "reopen_needs_approval": True, "escalates_to": "mlro",
        "sections": _ALL_SECTIONS, "resolutions": _FOUND, "retention_class": "aml-5-years",
        "reason": "As installed",
        **terms,
    }  # fmt: skip


SEED: tuple[dict[str, Any], ...] = (
    _blueprint(
        "aml", "Money laundering", "Money whose source or path does not fit the player",
        checklist=_points(
            alerts_read="Every alert read, with the transactions behind it",
            source_of_funds="Source of funds compared with what was paid in",
            linked_people="Linked people looked at",
            pattern="Earlier cases and annotations of the player read",
        ),
        second_person_for=["confirmed", "unlock", "release_withdrawals", "close_account"],
        reason_codes=_points(
            explained="Explained by known income", structuring="Structuring", pass_through="Pass-through",  # noqa: S106 - a reason
            third_party="Third party's instrument", source_unknown="Source of funds unknown",
            rule_too_wide="Rule too wide", other="Other, see the narrative",
        ),
        effects=["restrict", "unlock", "suspend", "close_account", "hold_withdrawals", "release_withdrawals",
                 "request_documents", "set_limit"],
    ),
    _blueprint(
        "fraud", "Fraud", "Stolen means of payment, several accounts, taken-over accounts, bonus abuse",
        sla_minutes={"critical": 30, "high": 120, "medium": 480, "low": 1440}, calendar={},
        checklist=_points(
            alerts_read="Every alert read, with the transactions behind it",
            devices="Devices, addresses and log-ins looked at",
            linked_people="Linked people looked at",
            instrument="Owner of the instrument compared with the player",
        ),
        second_person_for=["unlock", "release_withdrawals", "close_account"], escalates_to="investigation",
        reason_codes=_points(
            own_instrument="Own means of payment", stolen_instrument="Stolen means of payment",
            multiple_accounts="Several accounts", account_takeover="Account taken over",
            bonus_abuse="Bonus abuse", rule_too_wide="Rule too wide", other="Other, see the narrative",
        ),
        effects=["restrict", "unlock", "suspend", "close_account", "hold_withdrawals", "release_withdrawals",
                 "request_documents"],
        retention_class="fraud-5-years",
    ),
    _blueprint(
        "harm", "Gambling harm", "Signs that gambling does the player harm",
        capacity=10, claim_minutes=60, calendar={},
        sla_minutes={"critical": 60, "high": 240, "medium": 1440, "low": 2880},
        # Beleidsregel verantwoord spelen: the first intervention within the hour, day and night.
        jurisdiction_sla={"NL": {"minutes": 60, "calendar": {}}},
        checklist=_points(
            markers="Markers of harm read, with the figures",
            limits="Limits and exclusions looked at",
            contact="The player was spoken to, or it is said why not",
        ),
        second_person_for=["unlock"], escalates_to="investigation",
        reason_codes=_points(
            contacted="Spoken to, no measure needed", limit_agreed="Limit agreed or set",
            excluded="Excluded", no_harm="No harm found", rule_too_wide="Rule too wide",
            other="Other, see the narrative",
        ),
        effects=["restrict", "unlock", "suspend", "close_account", "set_limit", "exclude"],
        retention_class="harm-5-years",
    ),
    _blueprint(
        "kyc", "Identity", "Facts about a person that a vendor could not settle",
        max_wait_days=30, min_narrative=20, resolutions=_REQUIREMENTS, second_person_for=[],
        escalates_to="investigation",
        checklist=_points(
            documents="Documents looked at", match="Name and birth date compared with the account",
        ),
        reason_codes=_points(
            documents_good="Documents are good", documents_bad="Documents are not acceptable",
            no_answer="The player did not answer", under_age="Under age", other="Other, see the narrative",
        ),
        effects=["restrict", "unlock", "suspend", "close_account", "request_documents"],
    ),
    _blueprint(
        "screening", "Sanctions and PEP", "A possible match with a list",
        sla_minutes={"critical": 60, "high": 240, "medium": 480, "low": 1440},
        resolutions=_FOUND, second_person_for=["false_positive", "confirmed", "unlock", "close_account"],
        checklist=_points(
            hits="Every listed entity compared: name, birth date, country",
            identity="The player's own facts are verified",
        ),
        reason_codes=_points(
            different_person="Another person", same_person="The same person", pep_accepted="PEP, accepted",
            other="Other, see the narrative",
        ),
        effects=["restrict", "unlock", "suspend", "close_account", "hold_withdrawals", "release_withdrawals",
                 "request_documents"],
    ),
    _blueprint(
        "payment", "Payments", "A payment that the platform could not settle by itself",
        capacity=25, min_narrative=20, second_person_for=["release_withdrawals"], escalates_to="investigation",
        resolutions=_FOUND + _REQUIREMENTS[:2],
        checklist=_points(provider="Provider's and bank's record compared with ours"),
        reason_codes=_points(
            settled="Settled with the provider", chargeback="Chargeback", instrument="Instrument in doubt",
            other="Other, see the narrative",
        ),
        effects=["restrict", "unlock", "hold_withdrawals", "release_withdrawals", "request_documents"],
        retention_class="payments-7-years",
    ),
    _blueprint(
        "game", "Game play", "Play that does not look like a person's, or a game that misbehaves",
        min_narrative=20, second_person_for=["close_account"], escalates_to="investigation",
        checklist=_points(rounds="Rounds and the vendor's record compared"),
        reason_codes=_points(
            malfunction="Game malfunction", bot="Not played by a person", collusion="Collusion",
            nothing="Nothing unusual", other="Other, see the narrative",
        ),
        effects=["restrict", "unlock", "suspend", "close_account"],
        retention_class="play-5-years",
    ),
    _blueprint(
        "complaint", "Complaints", "A player who is not content with what we did",
        sla_minutes={"critical": 480, "high": 1440, "medium": 2400, "low": 4800},
        max_wait_days=10, resolutions=_REQUIREMENTS, second_person_for=[], escalates_to="investigation",
        checklist=_points(
            understood="What the player wants is written down", answered="The player has an answer in writing",
        ),
        reason_codes=_points(
            upheld="Upheld", partly_upheld="Partly upheld", not_upheld="Not upheld",
            withdrawn="Withdrawn by the player", other="Other, see the narrative",
        ),
        effects=["restrict", "unlock", "set_limit", "exclude"],
        retention_class="complaints-8-years",
    ),
)  # fmt: skip
