.PHONY: check test golden bench library

check:  ## all that CI runs
	bash .ci/run

test:  ## the default tests
	pytest

golden:  ## regenerate the golden files, then read the diff
	pytest tests/compiler/test_golden.py --update-golden

library:  ## write docs/library.md from the files in tasks/
	python tests/library/write_docs.py

bench:  ## install the peers, then measure side by side, as ratios in one run
	python -m benchmarks environment
	python -m benchmarks
