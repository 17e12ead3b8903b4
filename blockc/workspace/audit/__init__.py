"""An audit of access logs: the application around `blockc.audit`."""
