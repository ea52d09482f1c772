"""How good the detectors are on labelled data, and how their weights are learnt from it."""
