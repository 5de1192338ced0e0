"""Synchronisation: gather, plan, review, apply, report."""
