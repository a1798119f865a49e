"""Simulated national registers of excluded people; they know the platform over HTTP only."""
