"""Putting the pieces together: environment, settings, addresses, start-up."""
