"""Settings of one connection in the Hub88 family: the cells of the semantics matrix where the source is silent."""

from apps.integrations.options import Option, Options

OPTIONS = Options(
    Option("operator_id", None, "our integer id at the vendor; without it nothing can be launched", "number"),
    Option("sub_partner_id", None, "the brand at the vendor; the brand's code where not set"),
    Option("lobby_url", None, "where the game's home button leads; the brand's frontend where not set"),
    Option("deposit_url", None, "where the game's deposit button leads; left out where not set"),
    Option("launch_timeout_seconds", 5, "deadline of the whole launch call", "number"),
    Option("list_timeout_seconds", 60, "deadline of fetching the whole game list", "number"),
    Option(
        "draw",
        ("restricted", "cash"),
        "buckets that a bet draws, in order; the first takes a win without a stake",
        "buckets",
        case="bet",
    ),
    Option("free_draw", ("bonus",), "the same for free bets", "buckets", case="free round"),
    Option(
        "shown", ("cash", "restricted"), "buckets that make up the balance the game shows", "buckets", case="balance"
    ),
    Option("win_after_close", True, "a win may enter a round that is closed", "flag", case="win after round closed"),
    Option(
        "rollback_settled",
        False,
        "a bet that has been paid out may still be rolled back",
        "flag",
        case="rollback of settled bet",
    ),
    Option("session_minutes", 720, "how long a game session lasts", "number", case="session"),
)
