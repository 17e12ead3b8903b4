# docker build -t blockc .
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/policy" blockc build -f blockc.toml
FROM python:3.12-slim AS made
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
COPY . /src
RUN python -m venv /opt/blockc && /opt/blockc/bin/pip install --no-cache-dir "/src[mmdb]"

FROM python:3.12-slim
COPY --from=made /opt/blockc /opt/blockc
ENV PATH=/opt/blockc/bin:$PATH BLOCKC_STORE=/policy/.blockc/store
WORKDIR /policy
ENTRYPOINT ["blockc"]
