# make repro: everything from the data to the report. make test: the tests. Nothing else to set up.
PYTHON ?= python3.11
export PATH := $(CURDIR)/.venv/bin:$(PATH)
SCALES := lecture paper tuning

.PHONY: repro lecture paper tuning publish test audit bench bench-quick faults verify docs scales lock

# So many runs at once, a core each: such small networks gain little from a second thread.
JOBS ?= 2
repro: .venv/requirements
	python -m pipeline recover && python -m pipeline config
	dvc --wait-for-lock repro encode
	python -m pipeline runs $(JOBS)
	dvc --wait-for-lock repro
	python -m pipeline summary

# DEVICE=cuda: the same scale on a GPU. All its runs share the line of params.yaml that this changes.
lecture: .venv/requirements
	$(if $(DEVICE),sed -i 's/^\( *device:\) [a-z]*/\1 $(DEVICE)/' $@/params.yaml)
	cd $@ && python -m pipeline recover && python -m pipeline config && \
		dvc --wait-for-lock repro encode && python -m pipeline runs $(JOBS) && \
		dvc --wait-for-lock repro && python -m pipeline summary

# The learning rates of the lecture's scale: training alone, as only validation losses are asked for.
tuning: .venv/requirements
	cd $@ && python -m pipeline recover && python -m pipeline config && \
		dvc --wait-for-lock repro encode && python -m pipeline runs $(JOBS) train && \
		python -m pipeline rates

paper: .venv/requirements
	cd $@ && python -m pipeline recover && python -m pipeline config && \
		dvc --wait-for-lock repro
	cd $@ && python -m pipeline summary

# A folder for any static host: public/, or mine/public/ with SCALE=mine. ADDRESS=https://...: where it
# will be, for previews of its links.
SCALE := .
publish: .venv/requirements-publish
	cd "$(SCALE)" && python -m pipeline publish $(if $(ADDRESS),--address "$(ADDRESS)")

test: .venv/requirements-dev
	ruff check --quiet . && ruff format --quiet --check .
	pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# Known weaknesses of the pinned packages, and ruff's rules for our own code. Needs the internet.
AUDIT := pip-audit==2.10.1
audit: .venv/requirements-dev
	ruff check pipeline models
	test -x .venv-audit/bin/pip-audit || ($(PYTHON) -m venv .venv-audit && \
		.venv-audit/bin/pip install --quiet --disable-pip-version-check $(AUDIT))
	.venv-audit/bin/pip-audit --strict --no-deps --disable-pip -r requirements.txt

# Speed, beside peers that need packages of their own; after make repro. More than an hour.
# make bench-quick: the same measurements, fewer and shorter, in a quarter of an hour, into
# .work/benchmarks.json instead of reports/benchmarks.json.
BENCHMARKS := training searching numerics attention sampling mixture starting growing costs towers messages skewing blocks table
bench bench-quick: .venv-bench/requirements
	$(foreach name,$(BENCHMARKS),.venv-bench/bin/python -m benchmarks.$(name) $(OPTIONS_$(name)) && )true
bench-quick: export BENCHMARKS_FILE = .work/benchmarks.json
bench-quick: OPTIONS_training := --rounds 3 --seconds 2
bench-quick: OPTIONS_searching := --rounds 2
bench-quick: OPTIONS_numerics := --rounds 3 --seconds 2
bench-quick: OPTIONS_attention := --rounds 1 --seconds 60
bench-quick: OPTIONS_sampling := --limit 128
bench-quick: OPTIONS_mixture := --updates 3
bench-quick: OPTIONS_towers := --rounds 20
OPTIONS_blocks := lecture
bench-quick: OPTIONS_blocks := lecture --sentences 20 --pieces 2 --images 16
bench-quick: OPTIONS_starting := --rounds 1
bench-quick: OPTIONS_growing := --updates 1 --pairs 20000 160000

# What it survives: kills, full disks, wrong parameters, broken inputs, long runs, other machines and
# processors, which qemu-user emulates. About two hours; an interrupted one goes on from the last kill
# and the last run on a processor.
FAULTS := parameters inputs hostile midi disk memory machines processors crashes cluster links limits queueing table
faults: .venv/requirements-dev
	for name in $(FAULTS); do python -m faults.$$name || exit; done

.venv-bench/requirements: benchmarks/requirements.txt requirements.txt
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@echo "installing $< into .venv-bench (once, some minutes)"
	.venv-bench/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# Compare a finished run with the committed one, of another scale with SCALE=lecture.
verify: .venv/requirements
	cd "$(SCALE)" && python -m pipeline verify

# The tables of README.md and docs/ that commands print.
docs: .venv/requirements
	python -m docs.printed

# dvc.yaml is the same file in every scale.
scales:
	for scale in $(SCALES); do cp dvc.yaml $$scale/dvc.yaml; done

.venv/requirements-dev .venv/requirements-publish: requirements.txt
.venv/%: %.txt pyproject.toml
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@echo "installing $< into .venv (once, some minutes)"
	.venv/bin/pip install --quiet --disable-pip-version-check -r $< -e .
	touch $@

# Write requirements.txt anew from the direct requirements in requirements.in.
lock:
	$(PYTHON) -m venv .work/lock
	.work/lock/bin/pip install --quiet -r requirements.in
	(echo "# Written by make lock from requirements.in: every package, pinned."; \
	 .work/lock/bin/pip freeze | sed 's/+cpu$$//') > requirements.txt
	rm -rf .work/lock
