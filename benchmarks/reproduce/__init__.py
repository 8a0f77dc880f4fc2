"""The tables and plots of the study, made from measurements by one command each; see README.md."""
