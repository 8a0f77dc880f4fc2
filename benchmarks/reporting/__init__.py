"""Results in words, tables and pictures; measures nothing."""
