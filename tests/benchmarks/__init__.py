"""Measurements that take minutes; no test runs them. Each is a script that prints what it measured and how."""
