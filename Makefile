.PHONY: check test golden bench

check:  ## all that CI runs
	bash .ci/run

test:  ## the default tests
	pytest

golden:  ## regenerate the golden files, then read the diff
	pytest tests/compiler/test_golden.py --update-golden

bench:  ## measure, side by side, as ratios in one run
	python -m benchmarks
