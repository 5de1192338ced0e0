"""Runs: what was planned and what became of it, whatever the run does."""
