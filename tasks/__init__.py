"""The task library: .task files found by bare name."""
