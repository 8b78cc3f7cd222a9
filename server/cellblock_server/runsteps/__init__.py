"""Run steps: executions in the formats of OpenAI's APIs."""
