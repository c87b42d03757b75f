"""Many users at once: shapes, arrivals, generators, and the course of a load run."""
