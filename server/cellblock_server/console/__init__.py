"""Web console: its page, and an HTTP listener that calls the services as any caller does."""
