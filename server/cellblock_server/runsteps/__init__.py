"""Run steps: the record of executions in the shapes of other APIs."""
