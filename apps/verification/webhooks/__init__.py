"""The door of identity vendors."""
