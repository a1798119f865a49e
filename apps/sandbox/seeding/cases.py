"""A live compliance desk: patterns planted in the ledger, raised as alerts, worked by the demo's staff."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from apps.brands.models import Brand
from apps.compliance.alerts import RaisedAlert, raise_alert
from apps.compliance.approvals import decide_approval
from apps.compliance.cases import claims, closing, linking, waiting
from apps.compliance.cases.sweeps import warn
from apps.compliance.decisions import annotate_player, decide
from apps.compliance.evidence import pin_transaction
from apps.compliance.linked_people import collect_traces
from apps.compliance.models import ApprovalRequest, Case
from apps.compliance.money_picture import follow_money
from apps.core.money import Money
from apps.players.caller import Caller
from apps.players.models import Player
from apps.players.operations import Registration
from apps.players.operations.sessions import open_session
from apps.sandbox.seeding.places import AURORA
from apps.transactions.models import AccountKind, TransactionKind
from apps.transactions.posting import Leg, post, shared_account
from apps.wallets.operations import open_wallet, register_with_wallet

NARRATIVE = (
    "Read every alert and the transactions behind it. What the player sent explains it; nothing further is needed."
)


@dataclass(frozen=True, slots=True)
class _Planted:
    """Somebody who behaves like a pattern."""

    username: str
    first_name: str
    last_name: str
    country: str = "MT"


_PEOPLE = (
    _Planted("smurf_sara", "Sara", "Vella"),
    _Planted("passthrough_pete", "Peter", "Camilleri"),
    _Planted("device_dora", "Dora", "Farrugia"),
    _Planted("device_dan", "Daniel", "Grech"),
    _Planted("device_dee", "Deirdre", "Mifsud"),
    _Planted("night_nora", "Nora", "Koskinen", "FI"),
    _Planted("list_leon", "Leon", "Petrov"),
    _Planted("docs_dirk", "Dirk", "Salo", "FI"),
    _Planted("charge_carl", "Carl", "Borg"),
    _Planted("bot_bela", "Bela", "Niemi", "FI"),
    _Planted("angry_anna", "Anna", "Zahra"),
    _Planted("calm_cleo", "Cleo", "Attard"),
)


def seed_cases(*, now: datetime) -> None:
    """Open the desk, unless it has been opened before: the whole of it or nothing."""
    if Player.objects.filter(brand__code=AURORA, username=_PEOPLE[0].username).exists():
        return
    with transaction.atomic():
        desk = _Desk(now)
        desk.plant()
        desk.raise_all()
        desk.work()
    follow_money()
    collect_traces(since=now - timedelta(days=60))
    warn(now=now)


class _Desk:
    """The planted people, the staff who work on them, and the cases that come of it."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.brand = Brand.objects.get(code=AURORA)
        self.players: dict[str, Player] = {}
        self.moves: dict[str, list[UUID]] = {}
        self.cases: dict[str, RaisedAlert] = {}

    def ago(self, **span: float) -> datetime:
        """So long before now."""
        return self.now - timedelta(**span)

    def staff(self, username: str) -> User:
        """One of the demo's staff."""
        return User.objects.get(username=username)

    # What they did

    def plant(self) -> None:
        """Register them and let the money move as the pattern has it."""
        for number, person in enumerate(_PEOPLE):
            self._register(person, self.ago(days=50 - number))
        for day in range(9):
            self._move("smurf_sara", "1950", at=self.ago(days=12 - day, hours=3))
        self._move("passthrough_pete", "5200", at=self.ago(days=2, hours=5))
        self._move("passthrough_pete", "-4900", at=self.ago(days=2, hours=1))
        for hour in range(7):
            self._move("night_nora", str(100 * (hour + 1)), at=self.ago(days=1, hours=9 - hour))
        self._move("charge_carl", "750", at=self.ago(days=20))
        self._move("charge_carl", "-750", kind=TransactionKind.CHARGEBACK, at=self.ago(days=1))
        self._move("calm_cleo", "2400", at=self.ago(days=9))
        for number, name in enumerate(("device_dora", "device_dan", "device_dee")):
            self._move(name, "50", at=self.ago(days=6, hours=number))
            self._seen(name, "203.0.113.44", "dev-7f3a91c2e5", self.ago(days=6, hours=number))
        self._seen("smurf_sara", "198.51.100.20", "dev-0c11b7aa01", self.ago(days=12))
        self._seen("passthrough_pete", "198.51.100.20", "dev-55aa0e9913", self.ago(days=2))

    def _register(self, person: _Planted, at: datetime) -> None:
        self.players[person.username] = register_with_wallet(
            registration=Registration(
                brand=AURORA, username=person.username, password=f"{UUID(int=at.microsecond)}-{person.username}",
                email=f"{person.username}@player.example", birth_date=date(1984, 6, 2), country=person.country,
                currency="EUR", first_name=person.first_name, last_name=person.last_name, street="12 Triq San Pawl",
                city="Valletta", postcode=f"VLT {1000 + len(self.players)}",
            ),
            now=at,
            is_test=True,
        )  # fmt: skip

    def _move(self, name: str, amount: str, *, at: datetime, kind: str = "") -> None:
        player = self.players[name]
        money = Money.parse(amount.lstrip("-"), "EUR")
        outside = shared_account(brand_id=self.brand.pk, currency="EUR", kind=AccountKind.PSP)
        cash = open_wallet(player, "EUR").cash
        is_out = amount.startswith("-")
        debit, credit = (cash, outside) if is_out else (outside, cash)
        made = post(
            kind=kind or (TransactionKind.PAYOUT if is_out else TransactionKind.DEPOSIT),
            brand_id=self.brand.pk, currency="EUR", player_id=player.pk,
            legs=[Leg(debit=debit, credit=credit, amount=money.units)], details={"by": "seed_demo"}, now=at,
        )  # fmt: skip
        self.moves.setdefault(name, []).append(made)

    def _seen(self, name: str, address: str, device: str, at: datetime) -> None:
        open_session(player=self.players[name], caller=Caller(address, device=device), now=at)

    # What was noticed

    def raise_all(self) -> None:
        """Raise each pattern as its rule would."""
        self._raise("structuring", "smurf_sara", "aml", "AML-01", "high", self.ago(hours=3), "Deposits kept just under the threshold",
                    "9 deposits of EUR 1,950.00 within 12 days add up to EUR 17,550.00; each stays just below EUR 2,000.00.",
                    value="17550", threshold="2000", window="12 days")  # fmt: skip
        self._raise("structuring-2", "smurf_sara", "aml", "AML-26", "medium", self.ago(hours=1), "Deposits do not fit the declared income",
                    "EUR 17,550.00 were paid in within 30 days; EUR 5,000.00 is what the declared income explains.",
                    value="17550", threshold="5000", window="30 days")  # fmt: skip
        self._raise("pass-through", "passthrough_pete", "aml", "AML-04", "critical", self.ago(minutes=50),
                    "Money comes and goes with hardly any play",
                    "94 % of EUR 5,200.00 left 4 hours after it came in, with a turnover of 0.0×; the threshold is 80 %.",
                    value="94", threshold="80", turnover="0.0")  # fmt: skip
        self._raise("explained", "calm_cleo", "aml", "AML-02", "low", self.ago(days=8), "Deposits reach the due-diligence threshold",
                    "EUR 2,400.00 were paid in within 24 hours; the threshold is EUR 2,000.00.",
                    value="2400", threshold="2000", window="24 hours")  # fmt: skip
        for number, name in enumerate(("device_dora", "device_dan", "device_dee")):
            self._raise(name, name, "fraud", "AML-13", "high" if number == 0 else "medium", self.ago(hours=30 - number),
                        "Several players use one device or address",
                        "3 accounts used device dev-…2e5 within 3 hours; the threshold is 2.", value="3", threshold="2",
                        device="dev-…2e5")  # fmt: skip
        self._raise("night", "night_nora", "harm", "RG-15", "high", self.ago(minutes=150), "Deposits to win losses back",
                    "7 deposits in 7 hours, each larger than the one before (EUR 100.00 to EUR 700.00); the threshold is 4.",
                    value="7", threshold="4", window="7 hours")  # fmt: skip
        self._raise("night-2", "night_nora", "harm", "RG-12", "medium", self.ago(minutes=20), "Plays through the nights",
                    "Active on 6 of the 7 hours between midnight and seven; the threshold is 3.", value="6", threshold="3",
                    window="1 night")  # fmt: skip
        self._raise("listed", "list_leon", "screening", "", "high", self.ago(hours=26), "Possible match with a sanctions list",
                    "“Leon Petrov” resembles “PETROV, Leonid” (score 0.86, threshold 0.70); birth dates differ by four years.",
                    value="0.86", threshold="0.70", list="EU consolidated")  # fmt: skip
        self._raise("documents", "docs_dirk", "kyc", "", "medium", self.ago(hours=6), "Document could not be read",
                    "The vendor asks for a person: the expiry date of the passport is covered by glare.")  # fmt: skip
        self._raise("chargeback", "charge_carl", "payment", "AML-25", "medium", self.ago(hours=22), "Deposits are charged back",
                    "A deposit of EUR 750.00 was charged back 19 days later; EUR 0.00 is left in the wallet.",
                    value="750", threshold="0")  # fmt: skip
        self._raise("bot", "bot_bela", "game", "", "low", self.ago(hours=40), "Play at an even pace",
                    "1,204 rounds with 2.00 s between them (deviation 0.01 s); people vary by more than 0.30 s.",
                    value="1204", threshold="300")  # fmt: skip
        self._raise("complaint", "angry_anna", "complaint", "", "medium", self.ago(days=2), "Free rounds were not credited",
                    "The player writes that 20 free rounds of Saturday's offer never came.")  # fmt: skip

    def _raise(
        self,
        key: str,
        name: str,
        blueprint: str,
        rule: str,
        severity: str,
        at: datetime,
        title: str,
        words: str,
        **facts: str,
    ) -> None:
        self.cases[key] = raise_alert(
            player_id=self.players[name].pk, blueprint=blueprint, source="monitoring" if rule else "staff",
            dedupe_key=f"seed-{key}", severity=severity, title=title, explanation=words, rule_id=rule,
            rule_version="1" if rule else "", magnitude=Decimal(facts["value"]) if "value" in facts else None, now=at,
            evidence={**facts, "transactions": [str(each) for each in self.moves.get(name, [])]},
        )  # fmt: skip

    # What was done about it

    def work(self) -> None:
        """Bring cases to every state, by the people whose work it is."""
        mlro, investigator = self.staff("mlro"), self.staff("investigator")
        self._close("explained", mlro, self.ago(days=7), "false_positive", "explained")
        self._claim("structuring", self.staff("compliance_analyst"), self.ago(hours=2))
        waiting.escalate_case(
            case_id=self._id("structuring"), reason="Looks like structuring; the reporting officer should see it",
            actor=self.staff("compliance_analyst"), now=self.ago(hours=1),
        )  # fmt: skip
        self._pass_through(investigator)
        self._devices(investigator, mlro)
        self._claim("night", self.staff("rg_officer"), self.ago(minutes=100))
        waiting.add_note(case_id=self._id("night"), text="Called twice, no answer yet. Trying again at noon.",
                         actor=self.staff("rg_officer"), now=self.ago(minutes=60))  # fmt: skip
        self._claim("documents", self.staff("kyc_agent"), self.ago(hours=5))
        waiting.await_player(case_id=self._id("documents"), what="A photo of the passport without glare",
                             actor=self.staff("kyc_agent"), now=self.ago(hours=5))  # fmt: skip
        self._claim("complaint", self.staff("rg_officer"), self.ago(days=1))
        soon = min(self.now + timedelta(hours=2), Case.objects.get(pk=self._id("complaint")).due_at or self.now)
        if soon > self.now:
            waiting.snooze_case(case_id=self._id("complaint"), until=soon, reason="Marketing looks it up",
                                actor=self.staff("rg_officer"), now=self.now)  # fmt: skip

    def _pass_through(self, investigator: User) -> None:
        """Held, with evidence, and a request to unlock that waits for a second person."""
        case_id = self._id("pass-through")
        self._claim("pass-through", investigator, self.ago(minutes=40))
        for move in self.moves["passthrough_pete"]:
            pin_transaction(case_id=case_id, transaction_id=move, actor=investigator, now=self.ago(minutes=35))
        terms: dict[str, Any] = {"case_id": case_id, "actor": investigator, "reason_code": "pass-through"}
        decide(**terms, effect="restrict", params={"restrictions": ["withdrawal", "deposit"]},
               note="Nothing leaves until the source of funds is known", now=self.ago(minutes=30))  # fmt: skip
        decide(**terms | {"reason_code": "explained"}, effect="unlock", params={},
               note="A loan agreement came, and it fits", now=self.ago(minutes=5))  # fmt: skip

    def _devices(self, investigator: User, mlro: User) -> None:
        """One ring of three: linked, one of them confirmed and its account closed by two people."""
        for name in ("device_dora", "device_dan"):
            self._claim(name, investigator, self.ago(hours=26))
        linking.link_cases(case_id=self._id("device_dora"), other_id=self._id("device_dan"), reason="One device",
                           actor=investigator, now=self.ago(hours=25))  # fmt: skip
        annotate_player(case_id=self._id("device_dan"), text="Part of a ring of three on one device; see the linked case.",
                        actor=investigator, now=self.ago(hours=25))  # fmt: skip
        asked = decide(case_id=self._id("device_dan"), effect="close_account", params={}, reason_code="multiple-accounts",
                       note="Third account of one person", actor=investigator, now=self.ago(hours=24))  # fmt: skip
        if isinstance(asked, ApprovalRequest):
            decide_approval(
                request_id=asked.pk, checker=mlro, approve=True, reason="Seen the devices", now=self.ago(hours=23)
            )
        self._close("device_dan", investigator, self.ago(hours=22), "confirmed", "multiple-accounts", claim=False)

    def _id(self, key: str) -> int:
        return self.cases[key].case_id

    def _claim(self, key: str, who: User, at: datetime) -> None:
        claims.claim_case(case_id=self._id(key), actor=who, now=at)

    def _close(self, key: str, who: User, at: datetime, found: str, reason: str, *, claim: bool = True) -> None:
        if claim:
            self._claim(key, who, at)
        case = Case.objects.select_related("blueprint").get(pk=self._id(key))
        for point in case.blueprint.checklist:
            closing.tick(case_id=case.pk, point=point["code"], done=True, actor=who, now=at)
        closing.resolve_case(
            case_id=case.pk, resolution=found, reason_codes=[reason], narrative=NARRATIVE, actor=who, now=at
        )
