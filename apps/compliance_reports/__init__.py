"""Reports of suspicion, behind a wall."""
