"""The questions that are asked of every withdrawal. A check answers; it moves, rejects and approves nothing."""
