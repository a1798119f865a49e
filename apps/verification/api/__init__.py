"""The player API of verification."""
