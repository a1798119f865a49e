"""Settings of one Valkyrie connection: what the sources leave open. Source: game-provider reference, sections 5, 11."""

from apps.integrations.options import Option, Options

OPTIONS = Options(
    Option("provider", "evolution", "name of the game provider behind Valkyrie, first part of its launch path"),
    Option("casino", None, "our casino's name at Valkyrie; left out where not set"),
    Option("launch_timeout_seconds", 5, "deadline of the whole launch call", "number"),
    Option(
        "identity",
        "bet_ref",
        "what makes two transactions of a type the same: the bet reference (else the id), or the id alone",
        choices=("bet_ref", "transaction_id"),
        case="same id, same payload",
    ),
    Option(
        "missing_lookup_status",
        "200",
        "HTTP status of a look-up that finds nothing: 200 as the description says, or 404 as the public stub does",
        choices=("200", "404"),
        case="look-up of unknown",
    ),
    Option(
        "already_settled_code",
        "PAM_ERR_TRANS_ALREADY_SETTLED",
        "word for a win in a closed round; Valkyrie does not map the first, and Caleta then repeats the win for ever",
        choices=("PAM_ERR_TRANS_ALREADY_SETTLED", "PAM_ERR_DUPLICATE_TRANS"),
        case="win after round closed",
    ),
    Option(
        "deposit_after_close",
        False,
        "a deposit may enter a round that is closed",
        "flag",
        case="win after round closed",
    ),
    Option(
        "cancel_settled",
        False,
        "a bet that has been paid, or whose round is over, may still be cancelled",
        "flag",
        case="rollback of settled bet",
    ),
    Option(
        "draw",
        ("restricted", "cash"),
        "buckets that the cash part of a withdrawal draws, in order",
        "buckets",
        case="bet",
    ),
    Option(
        "promo_bucket", ("cash",), "bucket that the cash part of a promo deposit goes to", "buckets", case="free round"
    ),
    Option(
        "bonus_shown_as",
        "promoAmount",
        "under which of the three amounts the bonus bucket is shown",
        choices=("promoAmount", "bonusAmount"),
        case="balance",
    ),
    Option("session_minutes", 720, "how long a game session lasts", "number", case="session"),
)
