"""Outside: the effects of flows that leave the process, each a job that ends by answering its session."""
