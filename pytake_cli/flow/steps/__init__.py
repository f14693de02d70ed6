"""The verbs of flow files, a file each."""
