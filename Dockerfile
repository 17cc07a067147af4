# syntax=docker/dockerfile:1
# Three stages: browser files, Python packages, and the image that runs as an ordinary user.

FROM node:22-bookworm-slim AS assets
WORKDIR /assets
COPY package.json package-lock.json .npmrc ./
RUN npm ci --silent

FROM python:3.11-slim-bookworm AS packages
RUN python -m venv /venv
COPY requirements/base.txt .
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r base.txt

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin cmo
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CMO_ENV=production \
    CMO_VAR_DIR=/data \
    STATIC_ROOT=/app/staticfiles
WORKDIR /app
COPY --from=packages /venv /venv
COPY manage.py ./
COPY cmo_selector ./cmo_selector
COPY partners ./partners
COPY quotes ./quotes
COPY templates ./templates
COPY static ./static
# Collecting needs settings, but neither a database nor a broker: these values lead nowhere.
RUN --mount=from=assets,source=/assets/node_modules,target=/app/node_modules \
    SECRET_KEY=only-for-collectstatic ALLOWED_HOSTS=build.invalid \
    DATABASE_URL=postgres://build.invalid/build REDIS_URL=redis://build.invalid \
    python manage.py collectstatic --noinput --verbosity 0 \
    && mkdir /data && chown cmo:cmo /data
USER cmo
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s CMD ["python", "-m", "cmo_selector.probe"]
CMD ["gunicorn", "cmo_selector.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--no-control-socket", "--limit-request-line", "8190"]
