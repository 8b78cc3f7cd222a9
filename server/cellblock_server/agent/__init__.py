"""The server's end of the agent protocol: channel, checks and what goes over the wire."""
