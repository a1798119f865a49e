"""Runs the platform's processes on one machine: embedded PostgreSQL and Redis, supervision, the demo. No Django."""
