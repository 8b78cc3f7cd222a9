"""Where sandboxes come from and how the server talks with the agent in one."""
