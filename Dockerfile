# syntax=docker/dockerfile:1
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=auto -ldflags '-s -w' -o /out/twohop ./cmd/twohop \
 && mkdir -p /out/etc/twohop /out/var/lib/twohop

# Nothing but the binary: no shell, no package manager. Public roots are in the binary
# (golang.org/x/crypto/x509roots/fallback), because scratch has none.
FROM scratch
COPY --from=build /out/twohop /twohop
COPY --from=build --chown=65532:65532 /out/etc/twohop /etc/twohop
COPY --from=build --chown=65532:65532 /out/var/lib/twohop /var/lib/twohop
USER 65532:65532
# routes.yaml is mounted at /etc/twohop, the audit log and the local CA live in
# /var/lib/twohop: set audit.dir (and certificates.dir) there.
VOLUME /var/lib/twohop
EXPOSE 8443
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s CMD ["/twohop", "health", "/etc/twohop/routes.yaml"]
ENTRYPOINT ["/twohop"]
CMD ["serve", "/etc/twohop/routes.yaml"]
