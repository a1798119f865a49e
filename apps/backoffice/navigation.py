"""The menu of the staff site: everybody sees what they may open, and nothing else."""

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

# Title, Material symbol, URL name, permission. A permission of "" lets every member of staff in.
_Entry = tuple[str, str, str, str]

MENU: tuple[tuple[str, tuple[_Entry, ...]], ...] = (
    (
        "",
        (
            ("Home", "monitoring", "admin:index", ""),
            ("Trace", "timeline", "backoffice:trace", "transactions.view_transaction"),
        ),
    ),
    (
        "Players",
        (
            ("Players", "person_search", "admin:players_player_changelist", "players.view_player"),
            ("Rounds", "casino", "admin:providers_round_changelist", "providers.view_round"),
            ("Round voids", "undo", "admin:providers_roundvoid_changelist", "providers.view_round"),
            ("Game sessions", "sports_esports", "admin:providers_gamesession_changelist", "providers.view_gamesession"),
            ("Status changes", "gavel", "admin:players_statuschange_changelist", "players.view_statuschange"),
            ("Log-in attempts", "login", "admin:players_loginattempt_changelist", "players.view_loginattempt"),
        ),
    ),
    (
        "Money",
        (
            ("Books", "menu_book", "backoffice:books", "transactions.view_account"),
            ("Transactions", "receipt_long", "admin:transactions_transaction_changelist", "transactions.view_transaction"),
            ("Accounts", "account_balance", "admin:transactions_account_changelist", "transactions.view_account"),
        ),
    ),
    (
        "Vendors",
        (
            ("Exchanges", "sync_alt", "admin:integrations_exchange_changelist", "integrations.view_exchange"),
            ("Integrations", "hub", "admin:integrations_integration_changelist", "integrations.view_integration"),
            ("Keys", "key", "admin:integrations_credential_changelist", "integrations.view_credential"),
            ("Key and switch log", "history", "admin:integrations_integrationevent_changelist", "integrations.view_integrationevent"),
        ),
    ),
    (
        "Catalogue",
        (
            ("Games", "stadia_controller", "admin:providers_game_changelist", "providers.view_game"),
            ("Studios", "palette", "admin:providers_studio_changelist", "providers.view_studio"),
            ("Certificates", "verified", "admin:providers_gamecertificate_changelist", "providers.view_gamecertificate"),
            ("Brand settings", "storefront", "admin:providers_brandgame_changelist", "providers.view_brandgame"),
        ),
    ),
    (
        "Set-up",
        (
            ("Brands", "apartment", "admin:brands_brand_changelist", "brands.view_brand"),
            ("Markets", "public", "admin:brands_market_changelist", "brands.view_market"),
            ("Jurisdictions", "balance", "admin:brands_jurisdiction_changelist", "brands.view_jurisdiction"),
            ("Currencies", "payments", "admin:brands_currency_changelist", "brands.view_currency"),
        ),
    ),
    (
        "Staff",
        (
            ("Staff", "badge", "admin:auth_user_changelist", "auth.view_user"),
            ("Roles", "group", "admin:auth_group_changelist", "auth.view_group"),
            ("Brand scopes", "domain_verification", "admin:brands_staffscope_changelist", "brands.view_staffscope"),
            ("Buttons pressed", "touch_app", "admin:admin_logentry_changelist", "admin.view_logentry"),
            ("Personal data looks", "visibility", "admin:backoffice_personaldataread_changelist", "backoffice.view_personaldataread"),
        ),
    ),
)  # fmt: skip


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Build the menu for one person."""
    user = cast("Any", request.user)
    groups = [
        {
            "title": title,
            "separator": bool(title),
            "items": [
                {"title": name, "icon": icon, "link": reverse(url)}
                for name, icon, url, permission in entries
                if not permission or user.has_perm(permission)
            ],
        }
        for title, entries in MENU
    ]
    return [group for group in groups if group["items"]]


def environment(_: HttpRequest) -> list[str]:
    """Say in the corner where one is: a sandbox must never be mistaken for the real thing."""
    return ["Sandbox", "warning"] if settings.SANDBOX else ["Production", "danger"]
