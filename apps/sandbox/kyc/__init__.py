"""Simulated identity vendors and a screening server. They know the platform over HTTP only."""
