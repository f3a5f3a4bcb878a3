# The image of every part of the production shape: Airflow with the package, its DAGs, its catalogue.
# Tags are exact versions. To pin by digest as well: `docker buildx imagetools inspect <image>`, then add @sha256:...

FROM python:3.11.14-slim-bookworm AS packages
COPY requirements-production.lock /tmp/
# --no-deps: the lock is complete, and `pip check` says so.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /tmp/requirements-production.lock \
    && /opt/venv/bin/pip check

FROM python:3.11.14-slim-bookworm
RUN groupadd --gid 10001 qiangji \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /run/airflow --shell /usr/sbin/nologin qiangji \
    && install -d -o qiangji -g qiangji -m 0700 \
        /var/lib/qiangji /var/lib/qiangji/feedback /var/lib/qiangji/simulator /var/lib/simulated /var/log/airflow /srv/incoming /var/lib/sftp /var/backups/qiangji /run/airflow
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/qiangji
COPY pyproject.toml README.md LICENSE ./
COPY plugins plugins
COPY dags dags
COPY sql sql
COPY catalogue catalogue
COPY expectations expectations
COPY simulator simulator
COPY docker docker
ENV PATH=/opt/qiangji/bin:/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GX_ANALYTICS_ENABLED=false \
    AIRFLOW_HOME=/run/airflow \
    QIANGJI_HOME=/var/lib/qiangji
# Bytecode is compiled here once, because the file system is read-only where this runs.
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && python -m compileall -q plugins dags simulator docker \
    && install -d bin \
    && for program in airflow celery qiangji; do ln -s ../docker/with_secrets.py "bin/$program"; done
USER qiangji
# Fills in the secrets that the environment names; so do the links in bin/, for `docker compose exec` and health checks.
ENTRYPOINT ["python", "/opt/qiangji/docker/with_secrets.py"]
CMD ["qiangji", "doctor"]
