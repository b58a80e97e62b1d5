# Targets are listed by `make help`. Two are all a fresh machine needs: `make demo` and `make test`.
SHELL       := /bin/bash
VERSION     := $(shell cat VERSION)
REVISION    := $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
BRANCH      := $(shell git rev-parse --abbrev-ref HEAD 2>/dev/null || echo unknown)
# Who owns the repository, the image and the chart. `make home OWNER=NAME` writes it here and wherever it is needed.
OWNER       ?= OWNER
# Where alerts point for help: make rules RUNBOOK_URL=… puts another address into its copies.
RUNBOOK_URL ?=
PKG         := github.com/prometheus/common/version
LDFLAGS     := -s -w -X $(PKG).Version=$(VERSION) -X $(PKG).Revision=$(REVISION) -X $(PKG).Branch=$(BRANCH)
BIN         := kafka_burndown_exporter
LAB         := kafka_burndown_lab
DEMO_ARGS   ?=

.PHONY: help
help: ## Show this list.
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: build-exporter build-lab ## Build the exporter and the lab as static binaries.

.PHONY: build-exporter
build-exporter:
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) .

.PHONY: demo
demo: build-lab ## Run the exporter on an embedded Kafka with a live workload that scales (DEMO_ARGS adds flags).
	@./$(LAB) demo $(DEMO_ARGS)

.PHONY: build-lab
build-lab:
	cd lab && CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o ../$(LAB) .

.PHONY: test
test: lint unit ## Lint and every fast test of the root module, the lab and the dashboards. The last lines say what was skipped and why.

# golangci-lint reads .golangci.yml of the root in every module; the first run builds it, which takes three minutes.
GOLANGCI     := go tool -modfile=$(CURDIR)/tools/golangci/go.mod golangci-lint
LINT_MODULES := . lab dashboards/gen

.PHONY: lint
lint: ## golangci-lint (vet, staticcheck and more) in the modules that make test builds, misspell, actionlint.
	@set -e; for m in $(LINT_MODULES); do echo "golangci-lint $$m"; (cd $$m && $(GOLANGCI) run -c $(CURDIR)/.golangci.yml --show-stats=false ./...); done
	go tool -modfile=tools/golangci/go.mod misspell -error $$(git ls-files '*.md' '*.yaml' ':!:*/testdata/*')
	go tool -modfile=tools/go.mod actionlint -shellcheck= -pyflakes= .github/workflows/*.yaml

.PHONY: unit
unit: ## The tests under the race detector; real Kafka, Prometheus and Kerberos where they are installed.
	@# What talks to brokers in real time goes by itself, in e2e: beside other packages it would wait for a processor.
	@go run ./test/report \
	  ". -race -timeout 20m $$(go list ./... | grep -v -e /test/integration -e /test/rules | tr '\n' ' ')" \
	  "lab -race -timeout 20m $$(cd lab && go list ./... | grep -v /lab/demo | tr '\n' ' ')" \
	  "dashboards/gen ./..."

.PHONY: fuzz
fuzz: ## Every fuzz target for FUZZTIME each.
	.ci/fuzz $(or $(FUZZTIME),10s)

.PHONY: cover
cover: ## Test coverage of the root module as a table.
	go test -coverprofile=cover.out ./... && go tool cover -func=cover.out | tail -1

.PHONY: bench
bench: ## Go benchmarks of the hot paths, allocations included.
	go test -run '^$$' -bench . -benchmem ./internal/lag ./internal/kafka ./collector
	cd lab && go test -run '^$$' -bench . -benchmem ./simulate ./tune

# What takes longer than all the others together, breaks what they share, or needs the machine to itself has a target of
# its own.
E2E        := go test -count=1 -p 1 -timeout 40m
E2E_FAULTS := TestFaults TestKafkaTriggerTakesOthersAlong
E2E_ALONE  := TestFashion TestSideBySide TestRideHailing
# Groups of Kafka 4.4, on brokers of their own: beside the others they would take their processors away.
E2E_GROUPS := TestShareGroup TestStreamsGroup
space      := $(subst ,, )

.PHONY: e2e
e2e: ## The exporter and the demo on real brokers, the rules on a real Prometheus, and the nested modules: golden builds, Helm chart, compose stack, parsers, browser, and the closed loop with Kafka, Prometheus, Kubernetes and KEDA.
	@go run ./test/report ". -race -timeout 20m ./test/integration" "lab -race -timeout 20m ./demo"
	go test -timeout 20m ./test/rules
	cd deploy/golden && go vet ./... && go test ./...
	cd deploy/helm/test && go vet ./... && go test ./...
	cd test/compose && go vet ./... && go test ./...
	cd test/parsers && go vet ./... && go test ./...
	cd lab && go test -count=1 -run TestDemoAgreesWithSimulator ./demo
	cd test/browser && go vet ./... && go test -timeout 10m ./...
	cd test/e2e && go vet ./... && $(E2E) -skip '^($(subst $(space),|,$(E2E_FAULTS) $(E2E_ALONE) $(E2E_GROUPS)))$$' ./...
	cd test/e2e && $(E2E) -run '^($(subst $(space),|,$(E2E_GROUPS)))$$' .

.PHONY: e2e-faults
e2e-faults: ## Ten faults in the closed loop, suffered by five services at once, and a Kafka that KEDA cannot reach.
	cd test/e2e && for t in $(E2E_FAULTS); do $(E2E) -v -run "^$$t$$" . || exit 1; done

.PHONY: e2e-alone
e2e-alone: ## Cases of the closed loop that hold on an otherwise quiet machine only: 80 consumers, ride hailing's peak, and side by side with KEDA's trigger.
	cd test/e2e && for t in $(E2E_ALONE); do $(E2E) -v -run "^$$t$$" . || exit 1; done

.PHONY: e2e-all
e2e-all: e2e e2e-faults e2e-alone ## Every case of the closed loop.

# The table of docs/reliability.md is written to DOCS; the part that CI runs takes three minutes.
FAULTS := go -C test/faults test -count=1 -timeout 60m -v .

.PHONY: faults
faults: ## Every fault of test/faults against real brokers, every sample held to the truth (FAULT=NAME: only those; DOCS=DIR).
	cd test/faults && go vet ./... && go test -count=1 -run TestOracle .
	$(FAULTS) -run '^TestFaults' -args $(if $(FAULT),-fault "$(FAULT)") $(if $(DOCS),-docs $(abspath $(DOCS)))

.PHONY: faults-part
faults-part: ## The faults that CI runs, in three minutes.
	cd test/faults && go vet ./... && go test -count=1 -run TestOracle .
	$(FAULTS) -run '^TestFaults$$' -args -part

.PHONY: model
model: ## Random faults on a fake cluster, SEEDS (1000) of them; SEED=N repeats one.
	go test ./internal/kafka -run TestModel -count=1 -timeout 4h -v -args $(if $(SEED),-seed $(SEED),-seeds $(or $(SEEDS),1000))

.PHONY: hpa-conformance
hpa-conformance: ## internal/scale against the real HPA controllers of Kubernetes 1.36 and 1.37 on CASES new random cases from SEED.
	cd test/e2e && go test ./conformance -timeout 60m -v -cases $(or $(CASES),1000) -seed $(or $(SEED),$(shell date +%s))

.PHONY: screenshots
screenshots: build-lab ## Draw the dashboards from FOR (20m) of the demo, and take pictures of the pages, into docs/images.
	go run ./dashboards/pictures -lab ./$(LAB) -for $(or $(FOR),20m)
	cd test/browser && go test -timeout 10m ./... -update

.PHONY: rules
rules: ## Copy the rules to build/rules with RUNBOOK_URL in the alerts.
	mkdir -p build/rules
	cp rules/base-burndown-exporter.yaml rules/base-kafka-exporter.yaml rules/recording.yaml build/rules/
	sed '$(if $(RUNBOOK_URL),s|runbook_url: [^#]*#|runbook_url: $(RUNBOOK_URL)#|)' rules/alerts.yaml > build/rules/alerts.yaml

.PHONY: home
home: ## Write OWNER=NAME into the module path, the image, the chart, the examples, the documents and the runbooks' address.
	go run ./deploy/home . set '$(OWNER)'

.PHONY: check-home
check-home: ## Fail where something has no owner although one was set.
	go run ./deploy/home . check

.PHONY: release-notes
release-notes: ## Print the part of the changelog about VERSION.
	@awk -v v='$(VERSION)' '/^## /{on = ($$2 == v)} on && !/^## /' CHANGELOG.md | sed -e '/./,$$!d'

.PHONY: bench-peers
bench-peers: build-exporter ## Side by side with the peers named by KAFKA_EXPORTER, KMINION, KLAG_EXPORTER (BENCH_ARGS adds flags).
	go -C test/bench run . --ours=$(CURDIR)/$(BIN) --out=$(CURDIR)/bench-results $(BENCH_ARGS)

# One exporter alone, in one round.
SCALE := go -C test/bench run . --ours=$(CURDIR)/$(BIN) --only=$(BIN) --topics=100 --messages=5 --rounds=1 --cycles=4 --brief

.PHONY: bench-scale
bench-scale: build-exporter ## Our exporter alone from 10 000 to 1 000 000 group-partitions, at each granularity, as a shard, and with 20 000 groups.
	for n in 50 500 1500; do $(SCALE) --groups=$$n --out=$(CURDIR)/bench-results/groups-$$n $(BENCH_ARGS) || exit 1; done
	@# A million commits in ten seconds would take both of two cores: half of the groups commit.
	$(SCALE) --groups=5000 --churn=0.5 --out=$(CURDIR)/bench-results/groups-5000 $(BENCH_ARGS)
	for g in topic group; do $(SCALE) --groups=500 --full-series=500 --ours-arg=--metrics.granularity=$$g \
	  --out=$(CURDIR)/bench-results/granularity-$$g $(BENCH_ARGS) || exit 1; done
	$(SCALE) --groups=1000 --full-series=90000 --ours-arg=--shard=0/2 --out=$(CURDIR)/bench-results/shard $(BENCH_ARGS)
	$(SCALE) --groups=20000 --committed=20 --full-series=20000 --ours-arg=--metrics.granularity=topic \
	  --out=$(CURDIR)/bench-results/groups-20000-topic $(BENCH_ARGS)

.PHONY: bench-share
bench-share: build-exporter ## 200 share groups of 50 partitions beside 100 000 group-partitions of other groups.
	$(SCALE) --groups=500 --topics=40 --share-groups=200 --out=$(CURDIR)/bench-results/share $(BENCH_ARGS)

.PHONY: bench-ten-million
bench-ten-million: build-exporter ## Ten million group-partitions in one broker, and our exporter as each of ten shards of it, alone, at topic granularity.
	go -C test/bench run . --ours=$(CURDIR)/$(BIN) --shards=10 --topics=100 --messages=5 --groups=50000 --churn=0.02 --rounds=1 \
	  --cycles=4 --brief --full-series=4500 --ours-arg=--metrics.granularity=topic --kafka.heap=8g --no-count-requests \
	  --out=$(CURDIR)/bench-results/ten-million $(BENCH_ARGS)

.PHONY: soak
soak: build-exporter ## A million group-partitions for SOAK (30m) under churn and twenty clients, with bounds (BENCH_ARGS adds flags).
	go -C test/bench run . --ours=$(CURDIR)/$(BIN) --topics=100 --messages=5 --groups=5000 --churn=0.2 --period=30s \
	  --soak=$(or $(SOAK),30m) --out=$(CURDIR)/bench-results/soak $(BENCH_ARGS)

# What is released is named by the whole commit and its tag, wherever it is built, and dated by the commit.
RELEASE_PLATFORMS := linux/amd64 linux/arm64 darwin/arm64 windows/amd64
RELEASE_REVISION   = $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
RELEASE_BRANCH     = $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
RELEASE_TIME       = $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
RELEASE_LDFLAGS    = -s -w -X $(PKG).Version=$(VERSION) -X $(PKG).Revision=$(RELEASE_REVISION) -X $(PKG).Branch=$(RELEASE_BRANCH)

.PHONY: release
release: ## Static binaries of exporter and lab for four platforms as dist/*.tar.gz, with checksums; the same each time (GNU tar).
	rm -rf dist && mkdir dist
	@set -euo pipefail; export CGO_ENABLED=0; flags='$(RELEASE_LDFLAGS)'; time=$(RELEASE_TIME); \
	for platform in $(RELEASE_PLATFORMS); do \
	  export GOOS=$${platform%/*} GOARCH=$${platform#*/}; \
	  name=$(BIN)-$(VERSION).$$GOOS-$$GOARCH; exe=$$(go env GOEXE); mkdir "dist/$$name"; echo "dist/$$name.tar.gz"; \
	  go build -trimpath -buildvcs=false -ldflags "$$flags" -o "dist/$$name/$(BIN)$$exe" .; \
	  (cd lab && go build -trimpath -buildvcs=false -ldflags "$$flags" -o "../dist/$$name/$(LAB)$$exe" .); \
	  cp LICENSE README.md CHANGELOG.md "dist/$$name/"; \
	  tar -C dist --format=ustar --sort=name --mtime="@$$time" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
	    -cf - "$$name" | gzip -9n > "dist/$$name.tar.gz"; \
	done; \
	cd dist && sha256sum *.tar.gz > sha256sums.txt

# buildx of Docker or a Podman that has it; the names of what is built are IMAGE:VERSION and IMAGE:VERSION-shell.
ENGINE     ?= docker
IMAGE      ?= kafka-burndown-exporter
PLATFORMS  ?=
IMAGE_ARGS ?=
image_build = $(ENGINE) buildx build $(addprefix --platform=,$(PLATFORMS)) $(IMAGE_ARGS) \
  --build-arg REVISION=$(RELEASE_REVISION) --build-arg BRANCH=$(RELEASE_BRANCH)

.PHONY: image
image: ## The image, and the one with a shell (IMAGE=NAME; PLATFORMS=linux/amd64,linux/arm64 IMAGE_ARGS=--push to a registry).
	$(image_build) -t $(IMAGE):$(VERSION) .
	$(image_build) --target shell -t $(IMAGE):$(VERSION)-shell .

.PHONY: update
update: ## Rewrite golden files, the dashboards and generated documentation.
	cd dashboards/gen && go test ./names -update && go run .
	go test . ./collector ./deploy -update
	cd lab && go test -run TestGeneratedFlagDocs . -update && go test ./scenario ./report -update
	cd deploy/golden && go test ./... -update
	cd deploy/helm/test && go test ./... -update
