# Multi-architecture: make image PLATFORMS=linux/amd64,linux/arm64 IMAGE=… (docs/deploy.md). Nothing is run for the target's
# architecture, only copied, so no emulation is needed.
# The default target is the static binary alone. Charts that start the exporter through bash need --target shell; --target
# lab is the program for a desk, whose demo runs against a Kafka that is named (deploy/compose).
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH REVISION=unknown BRANCH=unknown
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# /links are the same names where kafka_exporter's users look for them; they point into /usr/local/bin.
RUN mkdir -p /out/bin /out/etc/ssl/certs /links \
 && CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
      -ldflags "-s -w \
        -X github.com/prometheus/common/version.Version=$(cat VERSION) \
        -X github.com/prometheus/common/version.Revision=$REVISION \
        -X github.com/prometheus/common/version.Branch=$BRANCH" \
      -o /out/bin/kafka_burndown_exporter . \
 && ln -s kafka_burndown_exporter /out/bin/kafka_exporter \
 && ln -s /usr/local/bin/kafka_burndown_exporter /links/kafka_burndown_exporter \
 && ln -s /usr/local/bin/kafka_burndown_exporter /links/kafka_exporter \
 && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/

FROM build AS build-lab
ARG TARGETOS TARGETARCH REVISION=unknown BRANCH=unknown
WORKDIR /src/lab
RUN mkdir -p /lab/bin \
 && CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
      -ldflags "-s -w \
        -X github.com/prometheus/common/version.Version=$(cat ../VERSION) \
        -X github.com/prometheus/common/version.Revision=$REVISION \
        -X github.com/prometheus/common/version.Branch=$BRANCH" \
      -o /lab/bin/kafka_burndown_lab .

FROM scratch AS lab
COPY --from=build-lab /lab/ /
COPY --from=build /out/etc/ /etc/
USER 65532:65532
ENTRYPOINT ["/bin/kafka_burndown_lab"]

FROM debian:stable-slim AS shell
COPY --from=build /out/bin/ /usr/local/bin/
COPY --from=build /out/etc/ /etc/
# In this image /bin is a link to /usr/bin: copying to /bin would replace it, or copy beside it.
COPY --from=build /links/ /usr/bin/
USER 65532:65532
EXPOSE 9308
ENTRYPOINT ["/bin/kafka_burndown_exporter"]

FROM scratch
COPY --from=build /out/ /
USER 65532:65532
EXPOSE 9308
ENTRYPOINT ["/bin/kafka_burndown_exporter"]
