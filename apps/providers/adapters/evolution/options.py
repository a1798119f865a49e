"""Settings of one Evolution connection: what the sources leave open. Source: reference, sections 4 and 11."""

from apps.integrations.options import Option, Options

OPTIONS = Options(
    Option("brand_id", "1", "the brand's id at Evolution"),
    Option("brand_skin", "1", "its skin there"),
    Option("category", None, "lobby category asked for at launch; left out where not set"),
    Option("lobby_url", None, "where the lobby button leads; the brand's frontend where not set"),
    Option("cashier_url", None, "where the cashier button leads; left out where not set"),
    Option("entry", "entry", "which of the two addresses players are sent to", choices=("entry", "entryEmbedded")),
    Option("launch_timeout_seconds", 5, "deadline of the whole launch call", "number"),
    Option(
        "repeated",
        "OK",
        "answer to a debit, credit or cancel that was applied before: OK, or the error that says so",
        choices=("OK", "error"),
        case="same id, same payload",
    ),
    Option(
        "settlement",
        "mixed",
        "mixed: each credit settles the bet it names; gamewise: one credit settles its whole game",
        choices=("mixed", "gamewise"),
        case="settlement style",
    ),
    Option(
        "unknown_table",
        "session",
        "a bet at a table we do not know belongs to the game of its session, or is refused",
        choices=("session", "refuse"),
        case="game switched in a session",
    ),
    Option("check_grace_seconds", 0, "for so long an exchanged sid may be checked once more", "number", case="session"),
    Option(
        "limit_status",
        "CASINO_LIMIT_EXCEEDED_STAKE",
        "word for a bet beyond a limit of the player",
        choices=(
            "CASINO_LIMIT_EXCEEDED_STAKE",
            "CASINO_LIMIT_EXCEEDED_LOSS",
            "CASINO_LIMIT_EXCEEDED_TURNOVER",
            "CASINO_LIMIT_EXCEEDED_SESSION_TIME",
        ),
        case="limits",
    ),
    Option("draw", ("restricted", "cash"), "buckets that a bet draws, in order", "buckets", case="bet"),
    Option("promo_bucket", ("cash",), "bucket that promotional payouts go to", "buckets", case="free round"),
    Option(
        "shown", ("cash", "restricted"), "buckets that make up the balance the game shows", "buckets", case="balance"
    ),
    Option(
        "cancel_settled",
        False,
        "a bet that has been paid may still be cancelled",
        "flag",
        case="rollback of settled bet",
    ),
    Option("session_minutes", 720, "how long a game session lasts", "number", case="session"),
)
