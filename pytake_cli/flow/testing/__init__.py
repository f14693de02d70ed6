"""Conversations played without a channel, a store or a network: tests as files, the simulator, coverage; pure."""
