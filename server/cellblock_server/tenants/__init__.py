"""Tenants: their keys, quotas and audit log."""
