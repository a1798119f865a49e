"""The door of game providers."""
