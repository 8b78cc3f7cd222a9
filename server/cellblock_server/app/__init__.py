"""Use cases: a tenant and ids in, domain objects out; no transport, no messages."""
