"""The sandbox endpoints that outsiders rely on."""
