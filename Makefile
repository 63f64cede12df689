# VisLang: build, try, test, measure. Every target installs what it needs, once.

SHELL := /bin/bash
export VISLANG_ASSETS := $(CURDIR)/share/vislang
# Tesseract would start a thread a core for every page; the pipeline runs pages side by side instead.
export OMP_THREAD_LIMIT := 1

.PHONY: build run test bench soak setup clean kafka kafka-stop test-kafka chaos chaos-broken embeddings

build: setup ## compile bin/vislang
	go build -o bin/vislang .

run: build ## serve the demo site on loopback and run the whole pipeline over it
	bin/vislang demo --data data/demo

test: setup ## vet, staticcheck, every test (formatting and layout are tests, too)
	go vet ./...
	go tool staticcheck ./...
	go test -timeout 10m ./...

bench: build ## measure on evaluation pages: make bench EVAL=FOLDER
	@[ -n "$(EVAL)" ] || { echo "usage: make bench EVAL=FOLDER" >&2; exit 2; }
	@deploy/setup bench
	go run ./deploy/bench -vislang bin/vislang -eval $(EVAL)

MINUTES ?= 30
soak: build ## load all stages for MINUTES=30 and watch the memory
	go run ./deploy/bench -vislang bin/vislang -only soak -minutes $(MINUTES)

KAFKA ?= build/kafka
KAFKA_PORT ?= 19092

kafka: ## three Apache Kafka brokers on loopback, data in KAFKA=build/kafka, ports from KAFKA_PORT=19092
	@deploy/setup kafka
	@go run ./deploy/kafka -dir $(KAFKA) -port $(KAFKA_PORT) start

kafka-stop: ## stop them; their data stay
	@go run ./deploy/kafka -dir $(KAFKA) -port $(KAFKA_PORT) stop

test-kafka: kafka build ## the tests that need Apache Kafka, on those brokers: each removes all their topics
	eval "$$(go run ./deploy/kafka -dir $(KAFKA) -port $(KAFKA_PORT) env)" && \
		go test -count 1 -timeout 20m -run OnKafka . && go test -count 1 -p 1 -timeout 20m ./pkg/stream/... ./sinks/clickhouse/...

N ?= 20
chaos: build ## kill the pipeline N=20 times and count what is lost or doubled; more flags by CHAOS="-seed 7"
	@deploy/setup kafka
	go run ./deploy/chaos -n $(N) $(CHAOS)

chaos-broken: build ## the same with the design broken on purpose, three ways: each must be noticed
	@deploy/setup kafka
	go build -tags chaosbroken -o build/chaosbroken .
	! go run ./deploy/chaos -n 6 -sets 1 -kinds cut -broken token
	! go run ./deploy/chaos -n 6 -sets 1 -kinds cut -broken window
	! go run ./deploy/chaos -n 6 -sets 1 -kinds both -broken commit -vislang build/chaosbroken

embeddings: ## serve a multilingual embedding model on loopback, for --embeddings http://127.0.0.1:8765
	@deploy/embeddings

setup: ## Debian packages, ClickHouse engine, language model, demo corpus
	@deploy/setup

clean: kafka-stop ## what was built, test brokers and what the demo stored; not the downloads
	rm -rf bin build data/demo
