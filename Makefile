# make repro: everything from the data to the report. make test: the tests. Nothing else to set up.
PYTHON ?= python3.11
export PATH := $(CURDIR)/.venv/bin:$(PATH)
SCALES := lecture paper

.PHONY: repro lecture paper test verify scales lock

repro: .venv/requirements
	dvc repro
	python -m pipeline.summary

lecture paper: .venv/requirements
	cd $@ && dvc repro && PYTHONPATH=.. python -m pipeline.summary

test: .venv/requirements-dev
	pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# Compare this tree's finished run with the committed dvc.lock.
verify: .venv/requirements
	python -m pipeline.verify

# dvc.yaml is the same file in every scale.
scales:
	for scale in $(SCALES); do cp dvc.yaml $$scale/dvc.yaml; done

.venv/requirements-dev: requirements.txt
.venv/%: %.txt
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@echo "installing $< into .venv (once, some minutes)"
	.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# Write requirements.txt anew from the direct requirements in requirements.in.
lock:
	$(PYTHON) -m venv .work/lock
	.work/lock/bin/pip install --quiet -r requirements.in
	(echo "# Written by make lock from requirements.in: every package, pinned."; \
	 .work/lock/bin/pip freeze | sed 's/+cpu$$//') > requirements.txt
	rm -rf .work/lock
