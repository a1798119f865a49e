"""Tests that drive the staff site in Chromium."""
