"""Benchmarks: what the product costs, measured beside the same work done by hand."""
