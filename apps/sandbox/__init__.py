"""Simulated vendors, test players and the demo; mounted only where SANDBOX=1."""
