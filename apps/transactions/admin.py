"""Pages of the ledger: transactions with their postings, accounts, proofs of the books. Nothing here can be edited."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest

from apps.brands.models import Brand
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import NOTHING, amount_text, instant_text, pill, trace_link
from apps.integrations.models import Integration
from apps.transactions.models import PLAYER_KINDS, Account, BooksCheck, Transaction, Transfer
from apps.transactions.rollup import shared_balances


@admin.register(Transaction)
class TransactionAdmin(StaffAdmin):
    """One business event and its postings. Append-only."""

    big_table = True
    brand_lookup = "brand_id"
    change_form_template = "staff/transaction.html"
    list_display = ("posted", "kind_shown", "amount", "brand", "player_id", "external_id", "traced")
    list_display_links = ("posted",)
    list_filter = ("kind", "currency")
    ordering = ("-id",)
    sortable_by = ()
    fields = ()
    empty_hint = "No money has moved yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transaction]:
        """With the brand's name and the sum of the transfers, in one query."""
        moved = (
            Transfer.objects.filter(transaction_id=OuterRef("pk"))
            .order_by()
            .values("transaction_id")
            .annotate(total=Sum("amount"))
            .values("total")
        )
        name = Brand.objects.filter(pk=OuterRef("brand_id")).values("name")[:1]
        rows: QuerySet[Transaction] = super().get_queryset(request)
        return rows.annotate(moved=Subquery(moved), brand_name=Subquery(name))

    def page_context(self, request: HttpRequest, obj: Transaction) -> dict[str, Any]:
        """Its postings."""
        transfers = Transfer.objects.filter(transaction_id=obj.pk).select_related("debit_account", "credit_account")
        return {"transaction": obj, "transfers": transfers.order_by("number")}

    @admin.display(description="posted (UTC)")
    def posted(self, row: Transaction) -> str:
        """In business time."""
        return instant_text(row.created_at).removesuffix(" UTC")

    @admin.display(description="kind")
    def kind_shown(self, row: Transaction) -> str:
        """What happened."""
        return pill(row.kind, row.get_kind_display(), "plain")

    @admin.display(description="amount")
    def amount(self, row: Any) -> str:
        """Sum of what moved."""
        return amount_text(row.moved or 0, row.currency)

    @admin.display(description="brand")
    def brand(self, row: Any) -> str:
        """Whose books."""
        return row.brand_name or NOTHING

    @admin.display(description="trace")
    def traced(self, row: Transaction) -> str:
        """The whole story."""
        return trace_link(row.pk, "trace")


class OwnerFilter(admin.SimpleListFilter):
    """Shared accounts first: there are few, and they tell where the house's money is."""

    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Two sorts."""
        return [("shared", "Shared (house, providers …)"), ("player", "Players")]

    def choices(self, changelist: Any) -> Any:
        """Without "All"."""
        for value, title in self.lookup_choices:
            yield {
                "selected": (self.value() or "shared") == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Applied to the list only: a page of one account shows whichever was asked for."""
        if not request.path.endswith("/account/"):
            return queryset
        return queryset.filter(player_id__isnull=(self.value() or "shared") == "shared")


@admin.register(Account)
class AccountAdmin(StaffAdmin):
    """One account of the ledger."""

    big_table = True
    brand_lookup = "brand_id"
    list_display = ("account", "brand", "currency", "balance_shown", "vendor", "player_id")
    list_filter = (OwnerFilter, "kind", "currency")
    ordering = ("id",)
    search_fields = ("=player_id",)
    sortable_by = ()
    fields = (
        "account", "brand", "currency", "balance_shown", "player_id", "vendor", "version", "may_go_negative",
        "opened_at",
    )  # fmt: skip
    readonly_fields = ("account", "brand", "balance_shown", "vendor")
    empty_hint = "No account has been opened yet."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """With the brand's name."""
        name = Brand.objects.filter(pk=OuterRef("brand_id")).values("name")[:1]
        rows: QuerySet[Account] = super().get_queryset(request)
        slug = Integration.objects.filter(pk=OuterRef("integration_id")).values("slug")[:1]
        return rows.annotate(brand_name=Subquery(name), vendor_slug=Subquery(slug))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Fetch the balances of the shared accounts on this page at once: they are not on their rows."""
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        balances = shared_balances([row.pk for row in rows if row.player_id is None])
        for row in rows:
            if row.player_id is None:
                cast("Any", row).shown = balances[row.pk].balance if row.pk in balances else 0
        changelist.result_list = rows
        return changelist

    @admin.display(description="account")
    def account(self, row: Account) -> str:
        """What it stands for."""
        return f"{row.get_kind_display()} #{row.pk}"

    @admin.display(description="brand")
    def brand(self, row: Any) -> str:
        """Whose books."""
        return row.brand_name or NOTHING

    @admin.display(description="vendor")
    def vendor(self, row: Any) -> str:
        """Whose account it is, if it is one with a vendor."""
        return row.vendor_slug or NOTHING

    @admin.display(description="balance")
    def balance_shown(self, row: Any) -> str:
        """Credits less debits, exact."""
        if row.kind in PLAYER_KINDS:
            return amount_text(row.balance, row.currency)
        known = getattr(row, "shown", None)
        if known is None:
            found = shared_balances([row.pk]).get(row.pk)
            known = found.balance if found else 0
        return amount_text(known, row.currency)


@admin.register(BooksCheck)
class BooksCheckAdmin(StaffAdmin):
    """One proof of the books."""

    list_display = ("started_at", "mode", "result", "took")
    list_filter = ("mode",)
    fields = ("mode", "started_at", "took", "result", "breaks", "heads_digest")
    readonly_fields = ("result", "took")
    empty_hint = "The books have not been checked yet. The schedule does it, and so does `make books`."

    @admin.display(description="result")
    def result(self, check: BooksCheck) -> str:
        """Whether every invariant held."""
        if check.break_count:
            return pill("broken", f"{check.break_count} broken")
        return pill("ok", "every invariant holds")

    @admin.display(description="took")
    def took(self, check: BooksCheck) -> str:
        """How long it ran."""
        return f"{check.duration_ms / 1000:.1f} s"
