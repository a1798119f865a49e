"""What a new demo holds before anybody plays."""
