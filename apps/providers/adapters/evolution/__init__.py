"""Evolution One Wallet (User Authentication v2): a live casino with many bets in a round and sessions that rotate."""
