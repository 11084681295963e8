# The service in one image. Nothing in it needs to be written to but its volumes, so it runs with a read-only root:
#   docker run --read-only --cap-drop ALL -p 8000:8000 -v awizo:/var/lib/awizo -v awizo-mark:/var/lib/awizo-mark awizo

FROM python:3.11-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# The environment that is shipped has no pip of its own: the builder's fills it.
RUN python -m venv --without-pip /opt/awizo
COPY requirements requirements
RUN pip --python /opt/awizo/bin/python install --require-hashes --only-binary :all: -r requirements/runtime.txt \
    && pip install --require-hashes --only-binary :all: -r requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY adapters adapters
COPY app app
COPY migrations migrations
RUN pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && pip --python /opt/awizo/bin/python install --no-deps --no-index wheels/*.whl \
    && python -m compileall -q -j 0 /opt/awizo


FROM python:3.11-slim-bookworm

LABEL org.opencontainers.image.title="awizo" \
      org.opencontainers.image.description="Digital delivery notices with evidence that anyone can verify offline" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN pip uninstall --yes --quiet --root-user-action=ignore pip setuptools wheel \
    && useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/awizo awizo \
    && install --directory --owner awizo --group awizo --mode 0700 /var/lib/awizo /var/lib/awizo-mark

COPY --from=build /opt/awizo /opt/awizo

ENV PATH=/opt/awizo/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AWIZO_DATA_DIR=/var/lib/awizo \
    AWIZO_MARK_FILE=/var/lib/awizo-mark/mark \
    AWIZO_DATABASE_URL=sqlite+aiosqlite:////var/lib/awizo/awizo.db

USER awizo
WORKDIR /var/lib/awizo
# The mark has a volume of its own: a snapshot of the data, restored, must not bring back an old mark with it.
VOLUME /var/lib/awizo /var/lib/awizo-mark
EXPOSE 8000
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]

ENTRYPOINT ["awizo"]
CMD ["serve", "--host", "0.0.0.0"]
