"""Lessons: a real picture goes through a layer, number by number, with figures."""
