"""Benchmarks for `pytest benchmarks`; each asserts an answer before it times it."""
