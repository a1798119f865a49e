"""The player API of games: the lobby, launching, and what was played."""
