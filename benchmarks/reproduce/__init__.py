"""Makes the study's measurements, tables and plots, each by one command; see README.md."""
