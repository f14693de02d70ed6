# PyTake in a container: one process, no root, everything that must survive in the volume /data.
# It speaks plain HTTP: a proxy in front does TLS.
#   docker build -t pytake .
#   docker run -p 8787:8787 -v pytake:/data -v ./secrets/app_secret:/run/secrets/pytake_app_secret:ro pytake
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY pytake_cli ./pytake_cli
RUN python -m venv /opt/pytake && /opt/pytake/bin/pip install --no-cache-dir ".[postgres,speed]"

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin pytake \
    && install -d -o pytake -g pytake -m 0700 /data
COPY --from=build /opt/pytake /opt/pytake
ENV PATH=/opt/pytake/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTAKE_HOME=/data \
    PYTAKE_NO_INPUT=1 \
    PYTAKE_SERVE__HOST=0.0.0.0 \
    PYTAKE_LOG__FORMAT=json
USER pytake
WORKDIR /data
VOLUME /data
EXPOSE 8787
# /healthz answers while the process lives and its loops turn; /readyz also asks the store.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('PYTAKE_SERVE__PORT', '8787') + '/healthz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["pytake"]
CMD ["serve", "--behind-proxy", "--auto-migrate"]
