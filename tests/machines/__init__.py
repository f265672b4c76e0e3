"""What machines are told: the shipped code against a local Security Hub and EventBridge."""
