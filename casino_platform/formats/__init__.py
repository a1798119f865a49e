"""How the staff site writes dates, whatever the language."""
