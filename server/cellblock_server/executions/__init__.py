"""The rules of executions: each is accepted once, run in order and recorded whole."""
