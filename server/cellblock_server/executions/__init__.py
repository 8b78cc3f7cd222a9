"""The rules of executions: accepted once, run in order, recorded whole."""
