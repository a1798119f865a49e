"""The Django apps; which may import which is in pyproject.toml."""
