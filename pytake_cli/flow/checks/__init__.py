"""What is asked of a flow as a whole, a file a subject."""
