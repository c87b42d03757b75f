"""The models of virtual user, scenario, report: shared by bridge and platform."""
