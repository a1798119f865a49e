"""One suite per kind of adapter."""
