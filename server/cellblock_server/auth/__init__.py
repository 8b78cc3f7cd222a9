"""Who may call: tenants, and the keys that stand for them."""
