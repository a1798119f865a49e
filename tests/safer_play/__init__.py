"""Tests of safer play."""
