"""Searching settings: what is tried, by how many processes, and what came of it."""
