"""Measurements side by side; see README.md. Never part of the tests."""
