"""Thoughts: pure functions from frozen facts to decisions. No clock, no log, no I/O, no randomness."""
