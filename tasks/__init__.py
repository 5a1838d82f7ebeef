"""The task library: a folder of .task and .train files for each source that they come from."""
