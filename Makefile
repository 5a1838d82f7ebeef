.PHONY: check test golden bench library

check:  ## all that CI runs
	bash .ci/run

test:  ## the default tests
	pytest

golden:  ## regenerate the golden files, then read the diff
	pytest --update-golden tests/compiler/test_golden.py tests/compiler/test_externs.py \
	    tests/compiler/test_bad_programs.py tests/dsl/test_bad_syntax.py tests/front/test_bad_experiments.py

library:  ## write docs/library.md from the files in tasks/
	python tests/library/write_docs.py

bench:  ## install the peers, then measure side by side, as ratios in one run
	python -m benchmarks environment
	python -m benchmarks
