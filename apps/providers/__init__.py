"""Games, launches, rounds, and the wallet calls of game providers."""
