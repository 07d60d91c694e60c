# filld as an image: `docker build --tag filld .`; the README's "Container" says how to run it.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim-bookworm

# Empty: packages come by hash from pip's own index. `--build-context wheels=DIR` together with
# `--build-arg PIP_NO_INDEX=1` takes them by the same hashes from DIR, and needs no network.
FROM scratch AS wheels

FROM ${BASE_IMAGE} AS build
ARG PIP_NO_INDEX
ARG PIP_NO_CACHE_DIR=1
ARG PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements/dev.txt requirements/runtime.txt requirements/
# The build backend is pinned among the tools of development. Wheels only: nothing is compiled.
RUN --mount=type=bind,from=wheels,target=/wheels \
    python3 -m venv /tools \
    && python3 -m venv --without-pip /opt/filld \
    && sed -n '/^setuptools==/,/# via/p' requirements/dev.txt > requirements/build.txt \
    && /tools/bin/pip install -f /wheels --only-binary :all: --require-hashes \
        -r requirements/build.txt \
    && /tools/bin/pip --python /opt/filld/bin/python3 install -f /wheels --only-binary :all: \
        --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY config/filld.toml config/
COPY daemon daemon
RUN /tools/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /dist . \
    && /tools/bin/pip --python /opt/filld/bin/python3 install --no-index --no-deps /dist/*.whl

FROM ${BASE_IMAGE}
ARG BASE_IMAGE
LABEL org.opencontainers.image.title="filld" \
    org.opencontainers.image.description="Watches positions, fires stop exits, follows them until nothing is left" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.base.name="${BASE_IMAGE}"
# No program of the base may give whoever starts it another user.
RUN find / -xdev -type f -perm /6000 -exec chmod ug-s {} + \
    && install -d -o 65532 -g 65532 -m 0700 /var/lib/filld \
    && install -d -m 1777 /run/filld
COPY --from=build /opt/filld /opt/filld
# The root may be read-only: state is in a volume, the socket in a tmpfs, secrets are files.
ENV PATH=/opt/filld/bin:$PATH \
    HOME=/var/lib/filld \
    PYTHONDONTWRITEBYTECODE=1 \
    CREDENTIALS_DIRECTORY=/run/secrets \
    FILLD_JOURNAL__PATH=/var/lib/filld/journal.db \
    FILLD_JOURNAL__STATE_DIR=/var/lib/filld \
    FILLD_CONTROL__SOCKET=/run/filld/filld.sock
VOLUME ["/var/lib/filld"]
WORKDIR /var/lib/filld
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["filld", "health"]
ENTRYPOINT ["filld"]
CMD ["run"]
