# What CI runs is `make check`. Everything is installed below bin/, nothing outside of this folder.

LINTER_VERSION := v2.15.0
LINTER := bin/golangci-lint-$(LINTER_VERSION)
FUZZ_TIME := 3s
GATE_SEED := 1
PLATFORMS := darwin/arm64 # besides this one
EXAMPLE := cmd/examples/ownlock# a module of its own, which ./... leaves out; the tests of cmd/cli build, run and test it

.DEFAULT_GOAL := help

.PHONY: help
help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/lockquake
	go build -o bin/lockquake ./cmd/lockquake

.PHONY: test
test: ## run all tests under the race detector
	go test -race $$(go list ./... | grep -v /results$$)
	go test ./checker/linear ./results # ten times as many random histories as under the race detector; pictures
	go test -run 'EveryFault|HundredPartitions|VirtualTime|Hunt' -parallel 8 ./cmd/cli ./harness/cluster # cells that mostly wait
	go test -run 'OwnLock|Example|Stored|BenchMeasures' ./cmd/cli # programs, a module of their own, and pictures of runs that are kept

.PHONY: lint
lint: $(LINTER) ## check style
	$(LINTER) run
	cd $(EXAMPLE) && $(CURDIR)/$(LINTER) run

.PHONY: man
man: build ## write the man pages to bin/man
	bin/lockquake man bin/man

.PHONY: bench
bench: build ## what locks cost in calm, in two minutes
	bin/lockquake bench

.PHONY: bench-full
bench-full: build ## the same with holds, keys, open loop, members and disk, in a quarter of an hour
	bin/lockquake bench full

.PHONY: bench-go
bench-go: ## the benchmarks of recording, judging, drawing and starting
	go test -run '^$$' -bench . ./...

.PHONY: gate
gate: build ## every strategy keeps its promise, every broken lock is caught
	bin/lockquake run --strategy fenced --want promised --duration 1s --seed $(GATE_SEED) --parallel 6
	bin/lockquake selftest --seeds 1 --seed $(GATE_SEED)

.PHONY: demo
demo: build ## a lock breaks, then a token saves the data
	bin/lockquake demo

.PHONY: fuzz
fuzz: ## let the fuzzers look for a moment
	go test -run '^$$' -fuzz FuzzDecode -fuzztime $(FUZZ_TIME) ./checker/history
	go test -run '^$$' -fuzz FuzzParseEvent -fuzztime $(FUZZ_TIME) ./checker/history
	go test -run '^$$' -fuzz FuzzRead -fuzztime $(FUZZ_TIME) -fuzzminimizetime 10x ./checker/edn
	go test -run '^$$' -fuzz FuzzParse -fuzztime $(FUZZ_TIME) ./harness/scenario
	go test -run '^$$' -fuzz FuzzParse -fuzztime $(FUZZ_TIME) ./workloads/program

.PHONY: platforms
platforms: ## vet, and so build, for the other platforms
	@for p in $(PLATFORMS); do \
		echo "vet for $$p"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 go vet ./... || exit 1; \
	done

.PHONY: tidy
tidy: ## go.mod names what is used, and no more
	go mod tidy -diff
	cd $(EXAMPLE) && go mod tidy -diff

.PHONY: check
check: tidy lint test fuzz ## all that CI runs
	$(MAKE) -j 2 platforms gate # one computes, the other mostly waits

$(LINTER):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTER_VERSION)
	mv bin/golangci-lint $@
