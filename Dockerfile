# syntax=docker/dockerfile:1
# One image per target: docker build --target messaging --tag chatly/messaging .
# Targets: auth messaging presence media persister edge web. Each installs only the dependencies of its own extra (a
# service also those of traces, imported if a collector is configured), with the versions and hashes of
# requirements.lock. Each runs as an unprivileged user and writes only to /tmp.
# Package registries are build arguments: PIP_INDEX_URL, UV_DEFAULT_INDEX and NPM_CONFIG_REGISTRY.

ARG PYTHON=python:3.11-slim-bookworm
ARG NODE=node:22-bookworm-slim

# Common start of every image.
FROM ${PYTHON} AS base
ENV PATH=/opt/chatly/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 chatly && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin chatly

# Build tools, and Chatly as a wheel. No image contains this stage.
FROM base AS build
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir "$(grep -om1 '^uv==[0-9.]*' requirements.lock)" \
    && python -m venv --without-pip /opt/chatly
COPY pyproject.toml README.md LICENSE ./
RUN VIRTUAL_ENV=/opt/tools /opt/tools/bin/uv pip install --no-cache --constraints requirements.lock hatchling
COPY envoy envoy
COPY gen/python gen/python
COPY kernel kernel
COPY history history
COPY services services
COPY mesh mesh
RUN VIRTUAL_ENV=/opt/tools /opt/tools/bin/uv build --wheel --no-build-isolation --python /opt/tools/bin/python --out-dir /dist
# The lock is a constraint: it pins versions, and uv checks its hashes. The extras select what is installed.
COPY --chmod=755 <<'EOF' /usr/local/bin/install-extra
#!/bin/sh -eu
export VIRTUAL_ENV=/opt/chatly
extras=
for name in "$@"; do extras="$extras --extra $name"; done
/opt/tools/bin/uv pip install --no-cache --compile-bytecode --constraints requirements.lock --requirements pyproject.toml $extras
/opt/tools/bin/uv pip install --no-cache --compile-bytecode --no-deps /dist/*.whl
EOF

FROM build AS auth-build
RUN install-extra auth otel
FROM build AS messaging-build
RUN install-extra messaging otel
FROM build AS presence-build
RUN install-extra presence otel
FROM build AS media-build
RUN install-extra media otel
FROM build AS persister-build
RUN install-extra persister otel
FROM build AS edge-build
RUN install-extra edge
FROM build AS pages-build
RUN install-extra web

# Builds the web client.
FROM ${NODE} AS node
FROM build AS web-build
ARG NPM_CONFIG_REGISTRY
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
    && VIRTUAL_ENV=/opt/tools /opt/tools/bin/uv pip install --no-cache --constraints requirements.lock buf-bin
COPY web/package.json web/package-lock.json web/
RUN npm --prefix web ci --no-audit --no-fund
COPY buf.yaml buf.gen.web.yaml ./
COPY protos protos
COPY third_party third_party
COPY web web
RUN /opt/tools/bin/buf generate --template buf.gen.web.yaml && npm --prefix web run build

# Common end of every service image.
FROM base AS service
USER 10001:10001
WORKDIR /tmp
ENV CHATLY_HOST=0.0.0.0 \
    CHATLY_ENGINES=distributed \
    CHATLY_DATA_DIR=/tmp/chatly
ENTRYPOINT ["chatly"]

FROM service AS auth
COPY --from=auth-build /opt/chatly /opt/chatly
EXPOSE 50051 51051
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 CMD ["chatly", "health", "auth"]
CMD ["serve", "auth"]

FROM service AS messaging
COPY --from=messaging-build /opt/chatly /opt/chatly
EXPOSE 50052 51052
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 CMD ["chatly", "health", "messaging"]
CMD ["serve", "messaging"]

FROM service AS presence
COPY --from=presence-build /opt/chatly /opt/chatly
EXPOSE 50053 51053
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 CMD ["chatly", "health", "presence"]
CMD ["serve", "presence"]

FROM service AS media
COPY --from=media-build /opt/chatly /opt/chatly
EXPOSE 50054 51054
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 CMD ["chatly", "health", "media"]
CMD ["serve", "media"]

FROM service AS persister
COPY --from=persister-build /opt/chatly /opt/chatly
EXPOSE 50055 51055
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 CMD ["chatly", "health", "persister"]
CMD ["serve", "persister"]

# Envoy, in the version that the tests run. It renders its configuration from its environment when it starts.
FROM base AS edge
COPY --from=edge-build /opt/chatly /opt/chatly
USER 10001:10001
WORKDIR /tmp
ENV CHATLY_EDGE_HOST=0.0.0.0 \
    CHATLY_EDGE_METRICS_PORT=9902 \
    CHATLY_EDGE_CONCURRENCY=2
EXPOSE 8080 8443 9902
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=3)"]
CMD ["sh", "-c", "chatly edge-config --into /tmp/envoy && exec envoy -c /tmp/envoy/envoy.yaml --concurrency $CHATLY_EDGE_CONCURRENCY --log-level warn --disable-hot-restart --drain-time-s 10"]

# Serves the web client, behind the edge.
FROM base AS web
COPY --from=pages-build /opt/chatly /opt/chatly
COPY --from=web-build /src/web/dist /srv/web
USER 10001:10001
WORKDIR /tmp
ENV CHATLY_WEB_ADDRESS=0.0.0.0:8081 \
    CHATLY_WEB_DIR=/srv/web
EXPOSE 8081
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/about', timeout=3)"]
CMD ["chatly", "web"]
