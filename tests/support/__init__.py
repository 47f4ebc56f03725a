"""What tests of everything after the engine share: trajectories by hand and a stand-in for the engine."""
