"""Deliberately broken twins of the SQL functions. A test that does not turn red against its twin proves nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

from apps.core.sql import load_sql

_COMMAND = " FROM transactions_command WHERE key = c.{key} AND integration_id = c.integration_id;\n"
_READ = "        SELECT * INTO prior" + _COMMAND.format(key="key")
_READ_BET = "        SELECT * INTO bet" + _COMMAND.format(key="reference")
_READ_TARGET = "    SELECT * INTO target" + _COMMAND.format(key="reference")
# Between what a call reads and what it does with it, so that a missing lock shows at the first try.
WIDER_WINDOW = (_READ, _READ + "        PERFORM pg_sleep(0.02);\n")
# Whoever comes here waits until another transaction is here too: they meet, however slowly threads are started.
_MEETING_POINT = """
    CREATE FUNCTION race_meet() RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(7102026);
        FOR v_try IN 1..500 LOOP
            EXIT WHEN (SELECT count(*) > 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7102026);
            PERFORM pg_sleep(0.001);
        END LOOP;
    END
    $$;
"""
_LOCK = "    PERFORM 1 FROM transactions_account a WHERE a.id = ANY (v_wallets) ORDER BY a.id FOR NO KEY UPDATE;\n"
_NO_LOCK = (_LOCK, "")
_NO_LOOK_UP = ("        WHEN prior.key IS NOT NULL             THEN providers_replay(c, s, prior)\n", "")
_KEY_NOT_CLAIMED = ("    RETURN FOUND;\n", "    RETURN true;\n")


@dataclass(frozen=True)
class Twin:
    """One fault: a file under apps/<app>/sql, and the passages changed in it."""

    name: str
    changes: tuple[tuple[str, str], ...]
    app: str = "providers"
    file: str = "wallet_call.sql"
    also: str = ""
    """A statement that takes a second line of defence away."""

    def __str__(self) -> str:
        return self.name

    def install(self) -> None:
        """Replace the functions in the current database."""
        text = load_sql(self.app, self.file)
        for old, new in self.changes:
            assert text.count(old) == 1, f"{self.name}: the passage to break has changed: {old!r}"
            text = text.replace(old, new)
        with connection.cursor() as cursor:
            cursor.execute(text)
            if self.also:
                cursor.execute(self.also)


@contextmanager
def installed(twin: Twin) -> Iterator[None]:
    """Work with the twin; the surrounding transaction has to be rolled back."""
    twin.install()
    yield


def wallet_twin(name: str, *changes: tuple[str, str], also: str = "") -> Twin:
    """A twin of the wallet function."""
    return Twin(name, changes, also=also)


def racing_twin(name: str, *changes: tuple[str, str], reads: tuple[str, ...] = (_READ,), also: str = "") -> Twin:
    """A twin of the wallet function whose fault needs two callers, who meet after each of `reads`."""
    meetings = tuple((read, f"{read}        PERFORM race_meet();\n") for read in reads)
    return Twin(name, (*meetings, *changes), also=_MEETING_POINT + also)


# Faults that one caller alone can show.
SEQUENTIAL = (
    wallet_twin("a command is applied again", _NO_LOOK_UP, _KEY_NOT_CLAIMED),
    wallet_twin(
        "other terms pass as a replay",
        ("    IF prior.fingerprint <> c.fingerprint OR prior.player_id <> s.player_id THEN", "    IF false THEN"),
    ),
    wallet_twin(
        "a bet beyond the funds is taken", ("    IF r.outcome = 'applied' AND v_left > 0 THEN", "    IF false THEN")
    ),
    wallet_twin(
        "no tombstone is left",
        ("        IF NOT providers_remember(c, r, c.reference, 'tombstone', 0, 0, 0) THEN", "        IF false THEN"),
    ),
    wallet_twin(
        "a rolled back bet is not marked",
        (
            (
                "    UPDATE transactions_command SET cancelled_by = r.transaction_id\n"
                "     WHERE key = c.reference AND integration_id = c.integration_id;\n"
            ),
            "",
        ),
    ),
    wallet_twin(
        "a paid bet is not marked",
        ("    IF bet.key IS NOT NULL AND bet.settled_by IS NULL THEN", "    IF false THEN"),
    ),
    wallet_twin(
        "a win on bonus money becomes cash",
        (
            "    ELSIF bet.bonus = v_staked THEN\n        v_bonus := v_left;",
            "    ELSIF false THEN\n        v_bonus := v_left;",
        ),
        (
            "        v_bonus := div(v_left * bet.bonus::numeric / v_staked, c.quantum) * c.quantum;",
            "        v_bonus := 0;",
        ),
    ),
    wallet_twin(
        "a replay tells today's balance",
        ("    r.cash := prior.cash_balance;\n", ""),
    ),
    wallet_twin(
        "a refused bet stays in its round",
        (
            "    IF r.outcome = 'applied' AND v_left > 0 THEN",
            (
                "    IF v_left > 0 THEN\n        PERFORM providers_enter_round(c, s, 0, 0);\n    END IF;\n"
                "    IF r.outcome = 'applied' AND v_left > 0 THEN"
            ),
        ),
    ),
    Twin(
        "a chain begins anew at each debit",
        (
            (
                "head_hash = ledger_chain(a.head_hash, a.id, v_leg.credit_account,",
                "head_hash = ledger_chain(''::bytea, a.id, v_leg.credit_account,",
            ),
        ),
        app="transactions",
        file="posting.sql",
    ),
    Twin(
        "a credit is not counted",
        (
            (
                "               SET balance = a.balance + v_leg.amount, version = a.version + 1,",
                "               SET balance = a.balance + v_leg.amount, version = a.version,",
            ),
        ),
        app="transactions",
        file="posting.sql",
    ),
    Twin(
        "a debit takes a unit too much",
        (
            (
                "               SET balance = a.balance - v_leg.amount, version = a.version + 1,",
                "               SET balance = a.balance - v_leg.amount - 1, version = a.version + 1,",
            ),
        ),
        app="transactions",
        file="posting.sql",
        also="ALTER TABLE transactions_account DROP CONSTRAINT transactions_account_funds",
    ),
)

# The sound function with a pause in it: slow, but it has to be right all the same.
SLOW = wallet_twin("sound but slow", WIDER_WINDOW)

# Faults that show only when several callers come at the same moment. Each names the race that must find it.
RACING = {
    "eight at once": racing_twin("nobody waits for the wallet, and keys are not claimed", _NO_LOCK, _KEY_NOT_CLAIMED),
    "overdraft": racing_twin(
        "nobody waits for the wallet, and its floor is gone",
        _NO_LOCK,
        also="ALTER TABLE transactions_account DROP CONSTRAINT transactions_account_funds",
    ),
    "rollback against its bet": racing_twin("the tombstone is not claimed", _NO_LOCK, _KEY_NOT_CLAIMED),
    "win against rollback": racing_twin("nobody waits for the wallet", _NO_LOCK, reads=(_READ_BET, _READ_TARGET)),
    "one key, two players": racing_twin("a key is taken twice", _KEY_NOT_CLAIMED),
    "batches crossing": wallet_twin(
        "wallets are locked as the calls come",
        (
            _LOCK,
            (
                "    FOREACH v_wallet IN ARRAY v_wallets LOOP\n"
                "        PERFORM 1 FROM transactions_account a WHERE a.id = v_wallet FOR NO KEY UPDATE;\n"
                "        PERFORM pg_sleep(0.005);\n"
                "    END LOOP;\n"
            ),
        ),
    ),
}
