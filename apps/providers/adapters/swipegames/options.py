"""Settings of one Swipe Games connection: what the source leaves open. Source: reference, sections 3 and 11."""

from apps.integrations.options import Option, Options

OPTIONS = Options(
    Option("cid", None, "our company's id (UUID) at Swipe Games; without it nothing can be launched"),
    Option("ext_cid", None, "the brand at Swipe Games; the brand's code where not set"),
    Option("return_url", None, "where the game's home button leads; the brand's frontend where not set"),
    Option("deposit_url", None, "where its deposit button leads; left out (button off) where not set"),
    Option("launch_timeout_seconds", 5, "deadline of the whole launch call", "number"),
    Option("list_timeout_seconds", 60, "deadline of fetching the whole game list", "number"),
    Option("draw", ("restricted", "cash"), "buckets that a bet draws, in order", "buckets", case="bet"),
    Option(
        "free_payout",
        ("cash",),
        "bucket that a win without a stake goes to: the payout of free rounds",
        "buckets",
        case="free round",
    ),
    Option(
        "shown", ("cash", "restricted"), "buckets that make up the balance the game shows", "buckets", case="balance"
    ),
    Option(
        "win_needs_bet",
        False,
        "a win in a round without a bet is refused, so Swipe Games repeats it; free rounds have none",
        "flag",
        case="win without bet",
    ),
    Option("win_after_close", True, "a win may enter a round that is closed", "flag", case="win after round closed"),
    Option(
        "refund_after_close",
        True,
        "a bet may be refunded after its round was closed or paid: wins name no bet, so nobody knows which was settled",
        "flag",
        case="rollback of settled bet",
    ),
    Option(
        "session_minutes",
        240,
        "how long a game session lasts; Swipe Games ends its own after 4 hours",
        "number",
        case="session",
    ),
)
