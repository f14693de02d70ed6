"""Use cases, one noun a file: what happens when…"""
