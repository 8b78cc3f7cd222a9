"""The server's end of the agent protocol: channel, messages and their checks."""
