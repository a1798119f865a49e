"""The roles of staff and what each may do, as data; Django groups carry them. Nothing here asks who somebody is."""

from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.db import transaction

_PLAYER = frozenset({"players.view_player"})
_PLAYER_HISTORY = frozenset({"players.view_statuschange", "players.view_playersession", "players.view_loginattempt"})
_PLAY = frozenset({"providers.view_round", "providers.view_roundpolicy", "providers.view_gamesession"})
_LEDGER = frozenset({"transactions.view_transaction", "transactions.view_account", "transactions.view_bookscheck"})
_EXCHANGES = frozenset({"integrations.view_exchange"})
_CONNECTIONS = frozenset(
    {"integrations.view_integration", "integrations.view_credential", "integrations.view_integrationevent"}
    | {"integrations.view_webhookendpoint", "integrations.view_webhookmessage", "integrations.view_incident"}
)
_CATALOGUE = frozenset(
    {"providers.view_game", "providers.view_studio", "providers.view_gamecertificate", "providers.view_brandgame"}
    | {"providers.view_cataloguesync", "providers.view_cataloguechange"}
)
_GAME_FIGURES = frozenset({"reporting.view_gameday", "reporting.view_rtpalert"})
_INVOICES = frozenset(
    {
        "reporting.view_invoice", "reporting.view_providercontract", "reporting.view_monthrate",
        "reporting.view_reportexport",
    }
)  # fmt: skip
_MARKETS = frozenset({"brands.view_brand", "brands.view_market", "brands.view_jurisdiction", "brands.view_currency"})
_ADJUSTMENTS = frozenset({"wallets.view_adjustment"})
# Support sees what the player himself sees of his payments; `view_check` is what shows holds, checks and their reasons.
_PAYMENTS_PUBLIC = frozenset({"payments.view_withdrawal", "payments.view_deposit"})
_PAYMENTS = _PAYMENTS_PUBLIC | {
    "payments.view_check", "payments.view_instrument", "payments.view_capability", "integrations.view_inboundevent",
    "payments.view_dispute", "payments.view_pspcontract", "payments.view_reservehold", "payments.view_routedrill",
    "payments.view_routingrule",
}  # fmt: skip
_SAFER_PLAY = frozenset(
    {
        "safer_play.view_limit", "safer_play.view_exclusion", "safer_play.view_exclusionreturn",
        "safer_play.view_interaction", "safer_play.view_refusal", "safer_play.view_registerquery",
        "safer_play.view_marketingstop",
    }
)  # fmt: skip
_PROTECTS = frozenset(
    {
        "safer_play.lower_limit", "safer_play.raise_limit", "safer_play.approve_limit",
        "safer_play.contact_about_limit", "safer_play.exclude_player", "safer_play.lengthen_exclusion",
        "safer_play.propose_exclusion_end", "safer_play.approve_exclusion_end", "safer_play.decide_return",
        "safer_play.record_interaction", "safer_play.stop_marketing",
    }
)  # fmt: skip
_RULES = frozenset({"monitoring.view_rule", "monitoring.view_ruleversion", "monitoring.view_deadletter"})
_RISK = frozenset({"monitoring.view_riskstate", "monitoring.view_decision"})
_FIGURES = frozenset({"backoffice.view_figures"})
_KYC = frozenset(
    {"verification.view_verification", "verification.view_duediligence", "verification.view_screeninghit"}
    | {"verification.view_incomedeclaration"}
)
_KYC_EVIDENCE = frozenset({"verification.view_document", "verification.open_document"})
_CASES = frozenset({"compliance.view_case"})
_CONTACTS = frozenset({"compliance.view_playercontact"})
_TALKS = _CONTACTS | {"compliance.record_contact"}


def _work(*queues: str) -> frozenset[str]:
    """Cases of these queues."""
    return _CASES | _CONTACTS | {f"compliance.work_{queue}" for queue in queues}


def _decide(*queues: str) -> frozenset[str]:
    """Work these queues, decide, close, and be the second person for what colleagues decided."""
    checks = {f"compliance.check_{queue}" for queue in queues}
    return _work(*queues) | checks | {"compliance.decide_case", "compliance.resolve_case"}


_LEADS = frozenset(
    {"compliance.assign_case", "compliance.export_case", "compliance.snooze_rule", "compliance.view_case_figures"}
    | {"compliance.view_casereview", "compliance.review_closed_case"}
)
_POLICIES = frozenset(
    {"compliance.view_policyversion", "compliance.view_policyparameter", "compliance.view_policysource"}
)
_PRIVACY_VIEW = frozenset(
    {
        "compliance.view_legalhold", "compliance.view_erasurerequest", "compliance.view_erasure",
        "compliance.view_dataexport",
    }
)  # fmt: skip
_BONUSES = frozenset({"bonuses.view_grant", "bonuses.view_offerversion"})
# What fails for bonuses is looked after by those who end them or run them.
_BONUS_FAILURES = frozenset({"bonuses.view_failedstep", "bonuses.settle_failedstep"})
# Why somebody was refused, and who else took the same, is for those who look into abuse.
_BONUS_CHECKS = _BONUSES | {"bonuses.view_claimcheck"}
_RECONCILIATION = frozenset(
    {
        "reconciliation.view_run", "reconciliation.view_break", "reconciliation.view_import",
        "reconciliation.view_columnmapping", "reconciliation.view_export", "reconciliation.view_exportschedule",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Role:
    """One role: its Django group's name and the permissions that it, and nothing else, confers."""

    name: str
    summary: str
    permissions: frozenset[str]


ROLES: tuple[Role, ...] = (
    Role(
        "compliance_analyst",
        "Looks at players (masked), their play and money; works alerts and cases",
        _POLICIES | _KYC | _PRIVACY_VIEW | {"compliance.handle_erasure", "compliance.place_hold"}
        | _TALKS | _PLAYER | _PLAYER_HISTORY | _PLAY | _LEDGER
        | _work("aml", "fraud", "kyc", "screening", "payment", "game", "complaint") | {"compliance.resolve_case"}
        | _RULES | _RISK | {"monitoring.override_risk"} | _BONUS_CHECKS,
    ),
    Role(
        "investigator",
        "Unmasks with a purpose, holds and releases accounts",
        _KYC | _KYC_EVIDENCE | {"verification.request_verification", "verification.propose_release"}
        | _TALKS | _PLAYER | _PLAYER_HISTORY | _PLAY | _LEDGER | {"players.unmask_player", "players.change_status"}
        | {"players.unlock_login"}
        | _decide("aml", "fraud", "screening", "payment", "game")
        | _RISK | {"monitoring.override_risk"}
        | _BONUS_CHECKS | {"bonuses.cancel_grant"},
    ),
    Role(
        "mlro",
        "Decides on money laundering matters",
        _POLICIES | _PRIVACY_VIEW | _KYC | _KYC_EVIDENCE
        | {"verification.review_hit", "verification.clear_sanctions_hit"}
        | {"verification.request_verification", "verification.approve_release", "verification.view_listedentity"}
        | _TALKS | _PLAYER | _PLAYER_HISTORY | _PLAY | _LEDGER | _EXCHANGES | _ADJUSTMENTS
        | {"players.unmask_player", "players.change_status"}
        | {"compliance.place_hold", "compliance.release_hold", "compliance.handle_erasure", "compliance.export_player"}
        | _decide("aml", "fraud", "screening", "payment") | _LEADS | {"compliance.work_mlro_stage"}
        | {"compliance_reports.access_reports", "compliance_reports.approve_reports", "backoffice.approve_unmasking"}
        | _RULES | _RISK | {"monitoring.approve_riskoverride"} | _BONUS_CHECKS,
    ),
    Role(
        "rg_officer",
        "Protects players from harm: restricts and excludes",
        _POLICIES | _TALKS | _PLAYER | _PLAYER_HISTORY | _PLAY
        | {"players.change_status", "transactions.view_transaction"}
        | _decide("harm", "complaint") | _LEADS | _SAFER_PLAY | _PROTECTS
        | _BONUSES | {"bonuses.cancel_grant"}
        | {"monitoring.view_riskstate"},  # of harm only: money laundering is not theirs to know
    ),
    Role(
        "kyc_agent",
        "Checks who players are",
        _KYC | _KYC_EVIDENCE
        | {"verification.decide_verification", "verification.decide_document", "verification.request_verification"}
        | {"verification.record_fact", "verification.review_hit", "verification.propose_release"}
        | {"verification.view_listedentity"}
        | _TALKS | _PLAYER | {"players.view_statuschange", "players.unmask_player", "players.unlock_login"}
        | _decide("kyc", "screening"),
    ),
    Role(
        "payments",
        "Moves money in and out; corrections need a second person",
        _PLAYER | _LEDGER | _ADJUSTMENTS | _FIGURES | _PAYMENTS | _RECONCILIATION
        | {"reconciliation.start_run", "reconciliation.upload_import", "reconciliation.discard_import"}
        | {"reconciliation.work_break", "reconciliation.propose_writeoff", "reconciliation.approve_writeoff"}
        | {"reconciliation.request_export"}
        | {"wallets.propose_adjustment", "wallets.approve_adjustment"}
        | {"payments.approve_withdrawal", "payments.hold_withdrawal", "payments.resolve_withdrawal"}
        | {"payments.claim_withdrawal", "payments.reassign_withdrawal", "payments.start_refund"}
        | {"payments.answer_dispute", "payments.download_evidencepack", "payments.judge_instrument"}
        | {"payments.propose_pspcontract", "payments.approve_pspcontract", "payments.run_routedrill"}
        | {"integrations.replay_inboundevent"} | _GAME_FIGURES - {"reporting.view_rtpalert"} | _INVOICES
        | {"reporting.propose_providercontract", "reporting.approve_providercontract", "reporting.enter_monthrate"}
        | {"reporting.draw_invoice", "reporting.check_invoice", "reporting.approve_invoice"}
        | {"reporting.request_reportexport"}
        | _work("payment") | {"compliance.resolve_case"} | _BONUSES | _BONUS_FAILURES
        | {"bonuses.agree_grant", "bonuses.cancel_grant"},
    ),
    Role(
        "support",
        "Answers players: sees them masked, with what they did",
        _TALKS | _PLAYER | _PLAY | _PAYMENTS_PUBLIC
        | {"players.view_playersession", "players.view_loginattempt", "transactions.view_transaction"}
        | _BONUSES | {"bonuses.give_grant"},
    ),
    Role(
        "auditor",
        "Reads everything, changes nothing",
        _KYC | {"verification.view_document", "verification.view_evidenceread", "verification.view_listedentity"}
        | _CONTACTS | _PLAYER | _PLAYER_HISTORY | _PLAY | _LEDGER | _EXCHANGES | _CONNECTIONS | _CATALOGUE | _MARKETS
        | _ADJUSTMENTS
        | _FIGURES | _PAYMENTS | _POLICIES | _PRIVACY_VIEW | _CASES | _SAFER_PLAY | _RULES | _RISK
        | {"compliance.view_every_approval"}
        | {"compliance.read_all_cases", "compliance.view_case_figures", "compliance.view_casereview"}
        | _RECONCILIATION | _GAME_FIGURES | _INVOICES
        | {"brands.view_staffscope", "auth.view_user", "auth.view_group", "admin.view_logentry"}
        | {"backoffice.view_personaldataread", "backoffice.view_download"} | _BONUS_CHECKS,
    ),
    Role(
        "policy_author", "Drafts policies and rules", _MARKETS | _CATALOGUE | _POLICIES | _RULES
        | {"compliance.propose_policy", "monitoring.author_rule", "monitoring.settle_deadletter"}
        | {"providers.view_roundpolicy", "providers.propose_round_policy"},
    ),
    Role(
        "policy_approver",
        "Publishes policies, rules and bonus offers that somebody else drafted",
        _MARKETS | _CATALOGUE | _POLICIES | _RULES | {"compliance.publish_policy", "monitoring.publish_rule"}
        | {"providers.view_roundpolicy", "providers.publish_round_policy"}
        | {"bonuses.view_offerversion", "bonuses.publish_offer"},
    ),
    Role(
        "game_ops",
        "Runs games, their connections and bonus offers",
        _PLAY | _CATALOGUE | _CONNECTIONS | _EXCHANGES | _FIGURES
        | {"transactions.view_transaction", "brands.view_brand", "brands.view_market"}
        | {"providers.switch_game", "providers.synchronise_catalogue"}
        | {"providers.resolve_round", "providers.approve_round_void"}
        | {"providers.propose_round_policy"}
        | {"integrations.switch_integration", "integrations.acknowledge_incident", "integrations.change_options"}
        | _GAME_FIGURES | {"reporting.decide_rtpalert"} | _INVOICES
        | {"reporting.propose_providercontract", "reporting.draw_invoice", "reporting.check_invoice"}
        | {"reporting.request_reportexport"}
        | {"bonuses.draft_offer", "bonuses.stop_offer"} | _BONUSES | _BONUS_FAILURES
        | {"brands.switch_brand"} | _work("game") | {"compliance.resolve_case"},
    ),
    Role(
        "admin",
        "Staff accounts, keys and brands; no player data",
        _CONNECTIONS | _MARKETS
        | {"auth.view_user", "auth.add_user", "auth.change_user", "auth.view_group", "backoffice.approve_roles"}
        | {"brands.view_staffscope", "brands.add_staffscope", "brands.delete_staffscope", "brands.switch_brand"}
        | {"brands.add_brand", "brands.add_market", "integrations.add_integration", "integrations.change_options"}
        | {"integrations.rotate_credential", "integrations.switch_integration", "integrations.manage_webhookendpoint"},
    ),
)  # fmt: skip

# Everybody has an inbox of approvals; each command in it asks for permissions of its own.
EVERYBODY = frozenset({"compliance.view_approvalrequest"})

# Who drafts a rule must not be the one who publishes it, under any name.
EXCLUDE_EACH_OTHER: tuple[frozenset[str], ...] = (frozenset({"policy_author", "policy_approver"}),)


@transaction.atomic
def sync_roles() -> list[str]:
    """
    Make the groups and their permissions what `ROLES` says; other groups are left alone.

    Permissions that do not exist (yet: migrations may be applied in part) are left out; see `unknown_permissions`.

    :return: what was changed, one line each
    """
    known = _existing_permissions()
    changes = []
    for role in ROLES:
        group, made = Group.objects.get_or_create(name=role.name)
        before = {permission.pk for permission in group.permissions.all()}
        after = {known[name] for name in (role.permissions | EVERYBODY) & known.keys()}
        if before != after:
            group.permissions.set(after)
            changes.append(f"{role.name}: {len(after - before)} granted, {len(before - after)} taken away")
        elif made:
            changes.append(f"{role.name}: made, without permissions")
    return changes


def unknown_permissions() -> set[str]:
    """Return the permissions that roles name and no model declares; once all migrations are applied, none."""
    return ({name for role in ROLES for name in role.permissions} | EVERYBODY) - _existing_permissions().keys()


def _existing_permissions() -> dict[str, int]:
    rows = Permission.objects.values_list("content_type__app_label", "codename", "pk")
    return {f"{app}.{codename}": pk for app, codename, pk in rows}


def conflicting_roles(names: set[str]) -> frozenset[str] | None:
    """Return roles among `names` that one person must not hold together, if any."""
    return next((pair for pair in EXCLUDE_EACH_OTHER if pair <= names), None)
