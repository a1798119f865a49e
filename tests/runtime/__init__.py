"""Embedded servers, supervision, the worker and the settings of each environment."""
