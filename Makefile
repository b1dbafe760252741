# Everything a developer or a user runs. `make help` lists the targets.
PYTHON ?= python3
# Extra flags for pip, for example an index with CPU-only builds of torch.
PIP_FLAGS ?=
CLIP ?=
ARGS ?=
PICTURES ?= ../shared/kodak
MEDIA ?= ../shared/media
JUDGES ?= ../shared/models
CLIPS ?= ../shared/media ../shared/train/clips

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS)

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-picture test test-slow check proto bench bench-baseline bench-deadlines bench-full bench-jscc bench-models bench-ofdm \
  bench-phy bench-phy-speed bench-portrait bench-psss bench-quality bench-questions bench-radio bench-rates bench-return bench-search bench-sound \
  bench-players bench-speed bench-target soak soak-live chaos fuzz phy-wheel api e2e clean

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## *' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "semvid needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Set PYTHON=..." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.base: .venv/.made pyproject.toml
	$(PIP) --editable '.[report]'
	@touch $@

.venv/.dev: .venv/.base
	$(PIP) --editable '.[dev,eval,eval-text,iq,models,ray,reference,training]'
	@touch $@

setup: .venv/.base  ## make the virtual environment in .venv (seconds once it is there)

demo: setup  ## three services, a clip through the noisy channel, an MP4 and a report (CLIP=my.mp4 ARGS="--snr-db 5")
	$(BIN)/semvid demo $(if $(CLIP),'$(CLIP)',) --out demo-out $(ARGS)

demo-picture: demo  ## docs/images/demo.jpg: two moments of the demo's side-by-side video
	$(BIN)/python scripts/demo_picture.py demo-out/side_by_side.mp4 docs/images/demo.jpg

test: .venv/.dev  ## the test suite, ten to fourteen minutes on two free cores
	$(BIN)/python -m pytest -m 'not slow and not compose' --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-slow: .venv/.dev  ## the tests that the suite leaves out: minutes each, some need a browser
	$(BIN)/python -m pytest -m slow $(ARGS)

check: .venv/.dev  ## lint, format, types, import rules, generated stubs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory proto
	git diff --exit-code -- semvid/wire

proto: .venv/.dev  ## regenerate the stubs in semvid/wire from proto/
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -Iproto --python_out=. --mypy_out=quiet:. \
	  --grpc_python_out=. --mypy_grpc_out=quiet:. proto/semvid/wire/v1/*.proto

bench: .venv/.dev  ## semvid against its rivals, quick set: minutes, runs anywhere
	$(BIN)/semvid bench run --set quick --out bench-out/quick $(if $(wildcard $(JUDGES)/judges.py),--judges $(JUDGES),) $(ARGS)
	$(BIN)/semvid bench report bench-out/quick

bench-full: .venv/.dev  ## the same over twelve real clips, every SNR and rate; resumes (MEDIA=dir JUDGES=dir)
	$(BIN)/semvid bench run --set full --out bench-out/full --media $(MEDIA) --judges $(JUDGES) $(ARGS)
	$(BIN)/semvid bench report bench-out/full
	@echo "to commit it: $(BIN)/semvid bench publish bench-out/full results/bench"

bench-speed: .venv/.dev  ## seconds by stage for the demo's clip as a multiple of its duration
	$(BIN)/python -m evaluation.studies.speed --out results/speed.json $(ARGS)

bench-phy: .venv/.dev  ## block error rates, throughput and the distance to Sionna and to theory
	$(BIN)/python -m evaluation.studies.phy --out results/phy.json $(ARGS)

bench-phy-speed: .venv/.dev  ## speed of every function of the physical layer as a library
	$(BIN)/python -m evaluation.studies.phy_speed --out results/phy_speed.json $(ARGS)

bench-baseline: .venv/.dev  ## stills by ready-made codes, LDPC and QAM; resumes (PICTURES=dir JUDGES=dir)
	$(PIP) -e ".[jpeg-xl]"
	$(BIN)/python -m evaluation.studies.baseline --pictures $(PICTURES) --out results/baseline \
	  $(if $(wildcard $(JUDGES)/lpips_squeeze.onnx),--judges $(JUDGES),) $(ARGS)

bench-jscc: .venv/.dev  ## the learned code for stills beside AV1 with LDPC and published points (PICTURES=dir JUDGES=dir)
	$(BIN)/python -m evaluation.studies.jscc --pictures $(PICTURES) --out results/jscc.json \
	  $(if $(wildcard $(JUDGES)/lpips_squeeze.onnx),--judges $(JUDGES),) $(ARGS)

bench-portrait: .venv/.dev  ## a face as numbers beside the pyramid of the same symbols (CLIPS="dir dir" JUDGES=dir)
	$(BIN)/python -m evaluation.studies.portrait $(CLIPS) --judges $(JUDGES) --out results/portrait.json $(ARGS)

bench-ofdm: .venv/.dev  ## block error rates of OFDM over TDL-A beside those of Sionna's link
	$(BIN)/python -m evaluation.studies.ofdm --out results/ofdm.json $(ARGS)

bench-quality: .venv/.dev  ## rivals at the symbols that semvid's default spends; resumes (MEDIA=dir JUDGES=dir)
	$(BIN)/semvid bench run --set rate_quality --out bench-out/rate_quality --media $(MEDIA) --judges $(JUDGES) $(ARGS)
	$(BIN)/semvid bench report bench-out/rate_quality

bench-deadlines: .venv/.dev  ## segments in time over a link that fades, with a deadline and without (MEDIA=dir)
	$(BIN)/python -m evaluation.studies.deadlines --media $(MEDIA) --out results/deadlines.json $(ARGS)

bench-psss: .venv/.dev  ## does the score mean anything? two experiments; resumes (MEDIA=dir JUDGES=dir)
	$(BIN)/semvid bench psss --media $(MEDIA) --judges $(JUDGES) --out results/psss.json $(ARGS)

bench-models: .venv/.dev  ## speed and memory of large models on a GPU, weights random (ARGS=--dry-run without one)
	$(BIN)/python -m evaluation.studies.models $(if $(findstring --dry-run,$(ARGS)),,--out results/models.json) $(ARGS)

bench-rates: .venv/.dev  ## rates of text only and of first frame + description over real clips (MEDIA=dir)
	$(BIN)/python -m evaluation.studies.open_ended --media $(MEDIA) --out results/open_ended.json $(ARGS)

bench-search: .venv/.dev  ## questions that the search for keyframes saves, and its agreement (MEDIA=dir)
	$(BIN)/python -m evaluation.studies.search_calls --media $(MEDIA) --out results/search.json $(ARGS)

bench-target: .venv/.dev  ## how near a transmission comes to the CBR that was asked for (MEDIA=dir)
	$(BIN)/python -m evaluation.studies.target_cbr --media $(MEDIA) --out results/target_cbr.json $(ARGS)

bench-return: .venv/.dev  ## throughput where reports are late, and what becomes of reports over a return link with noise
	$(BIN)/python -m evaluation.studies.return_link --out results/return_link.json $(ARGS)

bench-radio: .venv/.dev  ## a real clip through GNU Radio in the channel's place (MEDIA=dir; needs apt-get install gnuradio)
	$(BIN)/python -m evaluation.studies.radio --clip $(MEDIA)/asl_thanks.mkv --out results/radio.json $(ARGS)

bench-sound: .venv/.dev  ## what sound costs and how much of it is understood, by codec, rate and SNR (MEDIA=dir)
	$(PIP) -e ".[eval-sound,codec2]"
	$(BIN)/python -m evaluation.studies.sound --media $(MEDIA) --out results/sound.json $(ARGS)

bench-players: .venv/.dev  ## ten kinds of file, what comes out played by browsers (MEDIA=dir; apt-get install chromium firefox-esr)
	$(BIN)/python -m evaluation.players --media $(MEDIA) --out results/players.json $(ARGS)

bench-questions: .venv/.dev  ## what answers cost, and their agreement with those from the reconstruction (MEDIA=dir)
	$(BIN)/python -m evaluation.studies.questions --media $(MEDIA) --out results/questions.json $(ARGS)

soak: .venv/.dev  ## a ten-minute video; resident memory of every service at start, minute 1 and end
	$(BIN)/python -m evaluation.studies.soak --out results/soak.json $(ARGS)

soak-live: .venv/.dev  ## a live source; memory and disk of every service, and how late it is shown (ARGS="--minutes 600")
	$(BIN)/python -m evaluation.studies.soak_live --out results/soak_live.json $(ARGS)

chaos: .venv/.dev  ## kill services, cut links, fill disks while videos are handed in; resumes (ARGS="--kills 50")
	$(BIN)/python -m evaluation.chaos --kills 500 --per-round 25 --seed 1 --out results/chaos.json $(ARGS)

fuzz: .venv/.dev  ## parsers of what strangers and noise send, fed with anything; goes on where it stopped (ARGS="--minutes 60")
	$(BIN)/python -m evaluation.fuzz --out results/fuzz.json $(ARGS)

phy-wheel: .venv/.dev  ## semvid-phy, the physical layer alone, in dist/; its example runs with nothing else there
	$(BIN)/python -m pytest -m slow tests/unit/phy/test_alone.py
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir dist distributions/phy

api: .venv/.dev  ## both REST interfaces asked for anything at all, against their OpenAPI documents
	$(BIN)/python -m pytest -m slow tests/integration/test_openapi.py $(ARGS)

e2e: .venv/.dev  ## the three nodes in containers, over real HTTP (needs a Docker engine)
	$(BIN)/python -m pytest -m compose tests/e2e $(ARGS)

clean:  ## remove what the other targets made
	rm -rf .venv build *.egg-info demo-out bench-out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
