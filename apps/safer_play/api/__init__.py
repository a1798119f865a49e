"""The player API of safer play: limits, exclusions, reality checks."""
