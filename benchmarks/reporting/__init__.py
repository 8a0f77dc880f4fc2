"""Shows results in words, tables and plots; nothing is measured here."""
