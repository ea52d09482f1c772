# Callboard for servers: one image for every process of docker-compose.yml.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.lock /app/requirements.lock
RUN /opt/venv/bin/pip install --no-deps --require-hashes -r /app/requirements.lock
COPY . /app
WORKDIR /app
RUN /opt/venv/bin/pip install --no-build-isolation --no-deps -e . -e sdk \
 && CALLBOARD_SECRET_KEY=only-while-the-image-is-built CALLBOARD_STATIC_DIR=/app/staticfiles \
    /opt/venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
 && /opt/venv/bin/python -m compileall -q webapp workers evals monitoring prompt_registry projects sdk/src

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/callboard --create-home --shell /usr/sbin/nologin callboard \
 && install --directory --owner callboard --group callboard --mode 700 /var/lib/callboard/backups
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    OPENBLAS_NUM_THREADS=1 \
    DJANGO_SETTINGS_MODULE=webapp.settings \
    CALLBOARD_DATA_DIR=/var/lib/callboard \
    CALLBOARD_STATIC_DIR=/app/staticfiles
WORKDIR /app
USER callboard
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "webapp.wsgi:application"]
