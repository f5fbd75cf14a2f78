"""Figures about a run's models, each a function that returns a matplotlib `Figure`."""
