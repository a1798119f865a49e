"""Scripts that let other ledgers do the same transfer; run by path, in an environment of their own."""
