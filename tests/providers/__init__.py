"""Games: the lobby, launching, sessions and rounds."""
