"""The demonstration: a target shop, its recording, the steps of the main job."""
