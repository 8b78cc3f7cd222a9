"""Output of executions: translated from Jupyter's messages, bounded and numbered."""
