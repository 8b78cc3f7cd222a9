"""Programs and hooks for operators: doctor, backup, health check, service manager."""
