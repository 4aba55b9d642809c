# syntax=docker/dockerfile:1

# GraphiQL, from its npm package, so that the playground needs nothing from the internet.
FROM node:22.19.0-bookworm-slim AS assets
WORKDIR /src
COPY graphql_api graphql_api
RUN mkdir -p graphql_api/static/graphql_api && bash graphql_api/playground/build.sh

# mysqlclient compiles: its compiler and headers stay in this stage.
FROM python:3.12.11-slim-bookworm AS builder
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# Debian stable only takes security fixes, which a pinned version would miss and later not find.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
COPY requirements/mysql.txt /tmp/requirements.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.txt

FROM python:3.12.11-slim-bookworm
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /srv/walletsvc --shell /usr/sbin/nologin walletsvc
COPY --from=builder /opt/venv /opt/venv
WORKDIR /srv/walletsvc
COPY . .
COPY --from=assets /src/graphql_api/static/graphql_api graphql_api/static/graphql_api
# The code belongs to root: the server can read it and not change it.
USER 10001
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DEBUG=false \
    HOST=0.0.0.0 \
    PORT=8000 \
    LIVE_PORT=8001
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python", "scripts/healthcheck.py"]
CMD ["python", "manage.py", "serve"]
