"""A context runs executions in its kernel, one at a time, and reports their output."""
