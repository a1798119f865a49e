"""The menu of the staff site: everybody sees what they may open, and nothing else."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from apps.compliance.grants import is_granted
from apps.compliance_reports.wall import ENTER


@dataclass(frozen=True, slots=True)
class Group:
    """
    One part of the menu.

    :ivar entries: title, Material symbol, and the model whose list it is; or else the page's URL name and the
        permission it asks for
    :ivar work: whoever holds one of these works here and finds the group open; others open it when they look for it
    """

    title: str
    entries: tuple[tuple[str, ...], ...]
    work: tuple[str, ...] = ()


MENU: tuple[Group, ...] = (
    Group(
        "",
        (
            ("Home", "monitoring", "admin:index", ""),
            ("Approvals", "how_to_reg", "compliance.approvalrequest"),
            ("Players", "person_search", "players.player"),
            ("Trace", "timeline", "backoffice:trace", "transactions.view_transaction"),
        ),
    ),
    Group(
        "Cases",
        (
            ("Desk", "work", "compliance:desk", "compliance.view_case"),
            ("Cases", "folder_open", "compliance.case"),
            ("Quality reviews", "rate_review", "compliance.casereview"),
            ("Figures of the desk", "query_stats", "compliance:figures", "compliance.view_case_figures"),
            ("Filings", "lock", "filings:list", ENTER),
        ),
        ("compliance.resolve_case",),
    ),
    Group(
        "Payments",
        (
            ("Withdrawals", "north_east", "payments.withdrawal"),
            ("Deposits", "south_west", "payments.deposit"),
            ("Disputes", "gavel", "payments.dispute"),
            ("Instruments", "credit_card", "payments.instrument"),
            ("Providers", "monitor_heart", "admin:payments_providers", "payments.view_routedrill"),
            ("Routes", "alt_route", "payments.capability"),
            ("Routing rules", "rule", "payments.routingrule"),
            ("Drills", "science", "payments.routedrill"),
            ("Contracts", "contract", "payments.pspcontract"),
            ("Reserves", "savings", "payments.reservehold"),
        ),
        ("payments.approve_withdrawal",),
    ),
    Group(
        "Reconciliation",
        (
            ("Breaks", "difference", "reconciliation.break"),
            ("Runs", "compare_arrows", "reconciliation.run"),
            ("Imported files", "upload_file", "reconciliation.import"),
            ("Column mappings", "view_column", "reconciliation.columnmapping"),
            ("Exports", "download", "reconciliation.export"),
            ("Export schedules", "event_repeat", "reconciliation.exportschedule"),
        ),
        ("reconciliation.work_break",),
    ),
    Group(
        "Identity",
        (
            ("Verifications", "id_card", "verification.verification"),
            ("Screening hits", "person_alert", "verification.screeninghit"),
            ("Documents", "description", "verification.document"),
            ("Due diligence", "lock_person", "verification.duediligence"),
            ("Screening list", "list_alt", "verification.listedentity"),
            ("Looks at evidence", "visibility", "verification.evidenceread"),
        ),
        ("verification.decide_verification", "verification.request_verification"),
    ),
    Group(
        "Safer play",
        (
            ("Interactions", "forum", "safer_play.interaction"),
            ("Limits", "speed", "safer_play.limit"),
            ("Exclusions", "block", "safer_play.exclusion"),
            ("Ways back", "undo", "safer_play.exclusionreturn"),
            ("Refused by limits", "front_hand", "safer_play.refusal"),
            ("Register queries", "fact_check", "safer_play.registerquery"),
            ("No marketing", "unsubscribe", "safer_play.marketingstop"),
        ),
        ("safer_play.exclude_player",),
    ),
    Group(
        "Monitoring",
        (
            ("Rules", "rule", "monitoring.rule"),
            ("Rule versions", "account_tree", "monitoring.ruleversion"),
            ("Decisions of rules", "fact_check", "monitoring.decision"),
            ("Dead letters", "mail_off", "monitoring.deadletter"),
            ("Monitoring health", "monitor_heart", "monitoring:health", "monitoring.view_deadletter"),
        ),
        ("monitoring.author_rule", "monitoring.publish_rule"),
    ),
    Group(
        "Policies",
        (
            ("Policies", "policy", "admin:compliance_policy_places", "compliance.view_policyversion"),
            ("Policy versions", "history_edu", "compliance.policyversion"),
            ("Sources", "menu_book", "compliance.policysource"),
        ),
        ("compliance.propose_policy", "compliance.publish_policy"),
    ),
    Group(
        "Play",
        (
            ("Rounds", "casino", "providers.round"),
            ("Incomplete rounds", "pending_actions", "backoffice:incomplete-rounds", "providers.view_round"),
            ("Round policies", "rule_settings", "providers.roundpolicy"),
            ("Game sessions", "sports_esports", "providers.gamesession"),
        ),
        ("providers.resolve_round",),
    ),
    Group(
        "Bonuses",
        (
            ("Offers", "redeem", "bonuses.offerversion"),
            ("Players’ bonuses", "loyalty", "bonuses.grant"),
            ("Failed steps", "error", "bonuses.failedstep"),
        ),
        ("bonuses.draft_offer",),
    ),
    Group(
        "Catalogue",
        (
            ("Games", "stadia_controller", "providers.game"),
            ("Changes on vendors' lists", "published_with_changes", "providers.cataloguechange"),
            ("Vendors' lists", "sync", "providers.cataloguesync"),
            ("Calendar", "calendar_month", "backoffice:game-calendar", "providers.view_game"),
            ("Lobby order", "reorder", "backoffice:lobbies", "providers.view_brandgame"),
            ("Studios", "palette", "providers.studio"),
            ("Certificates", "verified", "providers.gamecertificate"),
            ("Brand settings", "storefront", "providers.brandgame"),
            ("RTP alerts", "ssid_chart", "reporting.rtpalert"),
            ("Performance", "monitoring", "admin:reporting_performance", "reporting.view_gameday"),
            ("Games by day", "query_stats", "reporting.gameday"),
        ),
        ("providers.switch_game",),
    ),
    Group(
        "Provider invoices",
        (
            ("Invoices", "request_quote", "reporting.invoice"),
            ("Provider contracts", "contract", "reporting.providercontract"),
            ("Exchange rates", "currency_exchange", "reporting.monthrate"),
            ("Reports", "download", "reporting.reportexport"),
        ),
        ("reporting.check_invoice",),
    ),
    Group(
        "Vendors",
        (
            ("Incidents", "crisis_alert", "integrations.incident"),
            ("Integrations", "hub", "integrations.integration"),
            ("Exchanges", "sync_alt", "integrations.exchange"),
            ("Inbound events", "inbox", "integrations.inboundevent"),
            ("Keys", "key", "integrations.credential"),
            ("Key and switch log", "history", "integrations.integrationevent"),
            ("Webhook endpoints", "webhook", "integrations.webhookendpoint"),
            ("Webhook messages", "outbox", "integrations.webhookmessage"),
        ),
        ("integrations.switch_integration",),
    ),
    Group(
        "Ledger",
        (
            ("Books", "menu_book", "backoffice:books", "transactions.view_account"),
            ("Transactions", "receipt_long", "transactions.transaction"),
            ("Accounts", "account_balance", "transactions.account"),
            ("Adjustments", "balance", "wallets.adjustment"),
        ),
    ),
    Group(
        "Player records",
        (
            ("Status changes", "gavel", "players.statuschange"),
            ("Log-in attempts", "login", "players.loginattempt"),
        ),
    ),
    Group(
        "Privacy",
        (
            ("Legal holds", "lock", "compliance.legalhold"),
            ("Erasure requests", "person_remove", "compliance.erasurerequest"),
            ("Erased players", "auto_delete", "compliance.erasure"),
            ("Data exports", "folder_zip", "compliance.dataexport"),
        ),
    ),
    Group(
        "Set-up",
        (
            ("Brands", "apartment", "brands.brand"),
            ("Markets", "public", "brands.market"),
            ("Jurisdictions", "gavel", "brands.jurisdiction"),
            ("Currencies", "payments", "brands.currency"),
            ("New brand", "add_business", "backoffice:new-brand", "brands.add_brand"),
            ("New market", "add_location", "backoffice:new-market", "brands.add_market"),
            ("Connect a vendor", "add_link", "backoffice:new-vendor", "integrations.add_integration"),
        ),
    ),
    Group(
        "Staff",
        (
            ("Staff", "badge", "auth.user"),
            ("Roles", "group", "auth.group"),
            ("Brand scopes", "domain_verification", "brands.staffscope"),
            ("Buttons pressed", "touch_app", "admin.logentry"),
            ("Looks at personal data", "visibility", "backoffice.personaldataread"),
            ("Unusual looks", "troubleshoot", "backoffice:looks", "backoffice.view_personaldataread"),
            ("Downloads", "download", "backoffice.download"),
        ),
        ("auth.change_user",),
    ),
)

# As many entries as a window of 900 px shows; whoever has no more of them sees them all without opening anything.
ONE_SCREEN = 16


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Build the menu for one person: open where he works, folded where he only looks things up."""
    offered = [(group, _offered(group, request)) for group in MENU]
    fold = sum(len(items) for _, items in offered) > ONE_SCREEN
    here = _nearest(request.path, [item["link"] for _, items in offered for item in items])
    for _, items in offered:
        for item in items:
            item["active"] = item["link"] == here
    return [
        {
            "title": group.title,
            "separator": bool(group.title),
            "collapsible": fold and bool(group.title) and not any(_may(request.user, right) for right in group.work),
            "items": items,
        }
        for group, items in offered
        if items
    ]


def _offered(group: Group, request: HttpRequest) -> list[dict[str, Any]]:
    """Return the entries of a group that this person may open."""
    return [
        {"title": name, "icon": icon, "link": reverse(url)}
        for name, icon, url, permission in map(_resolved, group.entries)
        if not permission or _may(request.user, permission)
    ]


def _nearest(path: str, links: list[str]) -> str | None:
    """The entry that a page belongs to: one, also where a page stands below another's address."""
    home = reverse("admin:index")
    return max(
        (link for link in links if path == link or (link != home and path.startswith(link))), key=len, default=None
    )


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
