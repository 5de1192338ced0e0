"""Deciding: pure functions over plain records. No Django, no HTTP, no clock, no randomness, no files."""
