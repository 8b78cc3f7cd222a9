"""Recording: checks and bounds an agent's events, and passes them to the journal."""
