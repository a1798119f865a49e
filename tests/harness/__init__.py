"""What the test runs stand on: databases cloned from a template, Redis databases, a live platform."""
