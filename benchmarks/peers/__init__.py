"""The same work as people write it by hand: each file is a server for uvicorn, on the program's own tables."""
