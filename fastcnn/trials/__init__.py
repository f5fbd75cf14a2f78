"""Many trainings on the same images, of which only scores are kept: sweeps and ablations."""
