"""Medians, ratios and bars of the report."""

from benchmarks.figures import Figure, ratios


def test_a_ratio_is_taken_run_by_run_so_that_a_drift_of_the_machine_cancels() -> None:
    assert ratios([50, 100, 150], [100, 200, 300]) == [0.5, 0.5, 0.5]


def test_a_bar_is_met_by_the_median_not_by_the_best_run() -> None:
    assert Figure("http", "ratio", [0.39, 0.40, 0.41], bar=0.4).is_met
    missed = Figure("http", "ratio", [0.38, 0.39, 0.90], bar=0.4)
    assert not missed.is_met
    assert "MISSED" in missed.line()
    assert "(0.38 to 0.90)" in missed.line()
