"""The menu of the staff site: everybody sees what they may open, and nothing else."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from apps.compliance_reports.wall import ENTER, is_granted

# Title, Material symbol, and the model whose list it is; or else the page's URL name and the permission it asks for.
MENU: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    (
        "",
        (
            ("Home", "monitoring", "admin:index", ""),
            ("Trace", "timeline", "backoffice:trace", "transactions.view_transaction"),
        ),
    ),
    (
        "Compliance",
        (
            ("Approvals", "how_to_reg", "compliance.approvalrequest"),
            ("Policies", "policy", "admin:compliance_policy_places", "compliance.view_policyversion"),
            ("Policy versions", "history_edu", "compliance.policyversion"),
            ("Sources", "menu_book", "compliance.policysource"),
            ("Legal holds", "lock", "compliance.legalhold"),
            ("Erasure requests", "person_remove", "compliance.erasurerequest"),
            ("Erased players", "auto_delete", "compliance.erasure"),
            ("Data exports", "folder_zip", "compliance.dataexport"),
        ),
    ),
    (
        "Monitoring",
        (
            ("Rules", "rule", "monitoring.rule"),
            ("Rule versions", "account_tree", "monitoring.ruleversion"),
            ("Decisions of rules", "fact_check", "monitoring.decision"),
            ("Dead letters", "unsubscribe", "monitoring.deadletter"),
            ("Monitoring health", "monitor_heart", "monitoring:health", "monitoring.view_deadletter"),
        ),
    ),
    (
        "Cases",
        (
            ("Desk", "work", "compliance:desk", "compliance.view_case"),
            ("Cases", "folder_open", "compliance.case"),
            ("Figures of the desk", "query_stats", "compliance:figures", "compliance.view_case_figures"),
            ("Filings", "lock", "filings:list", ENTER),
        ),
    ),
    (
        "Identity",
        (
            ("Verifications", "how_to_reg", "verification.verification"),
            ("Screening hits", "person_alert", "verification.screeninghit"),
            ("Documents", "description", "verification.document"),
            ("Due diligence", "lock", "verification.duediligence"),
            ("Screening list", "list_alt", "verification.listedentity"),
            ("Looks at evidence", "visibility", "verification.evidenceread"),
        ),
    ),
    (
        "Players",
        (
            ("Players", "person_search", "players.player"),
            ("Rounds", "casino", "providers.round"),
            ("Round voids", "undo", "providers.roundvoid"),
            ("Game sessions", "sports_esports", "providers.gamesession"),
            ("Status changes", "gavel", "players.statuschange"),
            ("Log-in attempts", "login", "players.loginattempt"),
        ),
    ),
    (
        "Safer play",
        (
            ("Interactions", "forum", "safer_play.interaction"),
            ("Limits", "speed", "safer_play.limit"),
            ("Exclusions", "block", "safer_play.exclusion"),
            ("Ways back", "how_to_reg", "safer_play.exclusionreturn"),
            ("Refused by limits", "front_hand", "safer_play.refusal"),
            ("Register queries", "fact_check", "safer_play.registerquery"),
            ("No marketing", "unsubscribe", "safer_play.marketingstop"),
        ),
    ),
    (
        "Money",
        (
            ("Books", "menu_book", "backoffice:books", "transactions.view_account"),
            ("Transactions", "receipt_long", "transactions.transaction"),
            ("Accounts", "account_balance", "transactions.account"),
            ("Adjustments", "balance", "wallets.adjustment"),
        ),
    ),
    (
        "Payments",
        (
            ("Withdrawals", "north_east", "payments.withdrawal"),
            ("Deposits", "south_west", "payments.deposit"),
            ("Instruments", "credit_card", "payments.instrument"),
            ("Disputes", "gavel", "payments.dispute"),
            ("Providers", "monitor_heart", "admin:payments_providers", "payments.view_routedrill"),
            ("Routes", "alt_route", "payments.capability"),
            ("Routing rules", "rule", "payments.routingrule"),
            ("Drills", "science", "payments.routedrill"),
            ("Contracts", "contract", "payments.pspcontract"),
            ("Reserves", "savings", "payments.reservehold"),
        ),
    ),
    (
        "Reconciliation",
        (
            ("Breaks", "rule", "reconciliation.break"),
            ("Runs", "compare_arrows", "reconciliation.run"),
            ("Imported files", "upload_file", "reconciliation.import"),
            ("Column mappings", "view_column", "reconciliation.columnmapping"),
            ("Exports", "download", "reconciliation.export"),
            ("Export schedules", "event_repeat", "reconciliation.exportschedule"),
        ),
    ),
    (
        "Vendors",
        (
            ("Incidents", "crisis_alert", "integrations.incident"),
            ("Exchanges", "sync_alt", "integrations.exchange"),
            ("Inbound events", "inbox", "integrations.inboundevent"),
            ("Integrations", "hub", "integrations.integration"),
            ("Keys", "key", "integrations.credential"),
            ("Webhook endpoints", "webhook", "integrations.webhookendpoint"),
            ("Webhook messages", "outbox", "integrations.webhookmessage"),
            ("Key and switch log", "history", "integrations.integrationevent"),
        ),
    ),
    (
        "Catalogue",
        (
            ("Games", "stadia_controller", "providers.game"),
            ("Studios", "palette", "providers.studio"),
            ("Certificates", "verified", "providers.gamecertificate"),
            ("Brand settings", "storefront", "providers.brandgame"),
            ("RTP alerts", "ssid_chart", "reporting.rtpalert"),
            ("Games by day", "query_stats", "reporting.gameday"),
        ),
    ),
    (
        "Set-up",
        (
            ("Brands", "apartment", "brands.brand"),
            ("Markets", "public", "brands.market"),
            ("Jurisdictions", "gavel", "brands.jurisdiction"),
            ("Currencies", "payments", "brands.currency"),
        ),
    ),
    (
        "Staff",
        (
            ("Staff", "badge", "auth.user"),
            ("Roles", "group", "auth.group"),
            ("Brand scopes", "domain_verification", "brands.staffscope"),
            ("Buttons pressed", "touch_app", "admin.logentry"),
            ("Looks at personal data", "visibility", "backoffice.personaldataread"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Build the menu for one person."""
    groups = [
        {
            "title": title,
            "separator": bool(title),
            "items": [
                {"title": name, "icon": icon, "link": reverse(url)}
                for name, icon, url, permission in map(_resolved, entries)
                if not permission or _may(request.user, permission)
            ],
        }
        for title, entries in MENU
    ]
    return [group for group in groups if group["items"]]


def _may(user: Any, permission: str) -> bool:
    """Superusers may everything but what is behind the wall: that has to be given."""
    return is_granted(user, permission) if permission == ENTER else bool(user.has_perm(permission))


def _resolved(entry: tuple[str, ...]) -> tuple[str, str, str, str]:
    """Fill in the URL name and permission of a model's list."""
    name, icon, page, *permission = entry
    if permission:
        return name, icon, page, permission[0]
    app, model = page.split(".")
    return name, icon, f"admin:{app}_{model}_changelist", f"{app}.view_{model}"


def environment(_: HttpRequest) -> list[str]:
    """Say in the corner where one is: a sandbox must never be mistaken for the real thing."""
    return ["Sandbox", "warning"] if settings.SANDBOX else ["Production", "danger"]
