# One image, one target per service:  docker build --target receiver -t semvid-receiver .
# To pin it: --build-arg BASE=python:3.11-slim@sha256:..., as `docker buildx imagetools inspect python:3.11-slim` says.
ARG BASE=python:3.11-slim
FROM ${BASE} AS base
ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    NUMBA_CACHE_DIR=/opt/numba \
    OMP_NUM_THREADS=2
WORKDIR /opt/semvid
COPY pyproject.toml README.md LICENSE NOTICE ./
# Dependencies in a layer of their own, so that a change of our code does not fetch them again.
RUN python3 -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']))" \
      > /tmp/dependencies && python3 -m pip install -r /tmp/dependencies
COPY semvid semvid
COPY transmitter transmitter
COPY channel channel
COPY receiver receiver
# The image holds the services only, so `semvid` goes. The second line compiles the physical layer once, into the image, instead of at every start.
RUN python3 -m pip install --no-deps . && rm "$(command -v semvid)" \
 && cd / && mkdir -p /opt/numba && python3 -c "import semvid.phy; semvid.phy.warm_up()" && chmod -R a+rX /opt/numba
RUN useradd --create-home --uid 10001 semvid && mkdir /data && chown -R semvid /data /opt/numba
USER semvid
WORKDIR /home/semvid
VOLUME /data

FROM base AS transmitter
ENV SEMVID_TRANSMITTER_HOST=0.0.0.0 \
    SEMVID_TRANSMITTER_DATA_DIR=/data \
    SEMVID_TRANSMITTER_LINK_TARGET=channel:50061
EXPOSE 8081
CMD ["python3", "-P", "-m", "transmitter"]

FROM base AS channel
CMD ["python3", "-P", "-m", "channel"]

FROM base AS receiver
CMD ["python3", "-P", "-m", "receiver"]

# With large models and CUDA, for docker-compose.gpu.yml. Several gigabytes, and nothing above needs them.
FROM base AS models
USER root
RUN python3 -c "import tomllib; print('\n'.join(tomllib.load(open('/opt/semvid/pyproject.toml', 'rb'))['project']['optional-dependencies']['models']))" \
      > /tmp/models && python3 -m pip install -r /tmp/models
RUN mkdir /models && chown semvid /models
ENV HF_HOME=/models
USER semvid
VOLUME /models

FROM models AS transmitter-gpu
ENV SEMVID_TRANSMITTER_HOST=0.0.0.0 \
    SEMVID_TRANSMITTER_DATA_DIR=/data \
    SEMVID_TRANSMITTER_LINK_TARGET=channel:50061
EXPOSE 8081
CMD ["python3", "-P", "-m", "transmitter"]

FROM models AS receiver-gpu
CMD ["python3", "-P", "-m", "receiver"]
