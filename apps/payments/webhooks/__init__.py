"""The door of payment providers."""
