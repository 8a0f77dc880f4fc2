"""Shows how a run goes."""
