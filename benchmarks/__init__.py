"""Benchmarks, run by `pytest benchmarks`: each asserts its answer, then times it."""
