# The image of every process: the command selects it, as in `docker run indexer-manager worker demo`.
#
# The build downloads only the npm packages of package-lock.json. Code generation and `prisma migrate deploy` use Prisma's
# schema engine from a package (prisma/schema-engine.mjs) instead of the native one, which Prisma downloads at first use.
#
# The root file system may be read-only. Writable paths: /data, the folder of the embedded database (mount a volume; not
# needed with DATABASE_URL), and /tmp (mount a tmpfs).
FROM node:20.20.2-bookworm-slim AS base
WORKDIR /app

FROM base AS build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY buf.yaml buf.gen.yaml tsconfig.json tsconfig.build.json prisma.config.ts ./
COPY proto ./proto
COPY prisma ./prisma
COPY src ./src
RUN node src/cli/setup.mjs --build-only

# Without type declarations, source maps and Prisma's query compilers of other databases: a third of the packages' size.
FROM base AS packages
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev \
  && find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' \) -delete \
  && find node_modules/@prisma/client/runtime -type f -name 'query_compiler_*' ! -name '*.postgresql.*' -delete

FROM base
ENV NODE_ENV=production \
    HOME=/tmp \
    DATA_FOLDER=/data \
    CHECKPOINT_DISABLE=1 \
    PRISMA_HIDE_UPDATE_MESSAGE=1
# A new volume takes the owner of the folder that it covers. /run/indexer/* are the volumes of secrets in docker-compose.yml.
RUN mkdir -p /data /run/indexer/database /run/indexer/workers /run/indexer/grafana \
  && chown -R node:node /data /run/indexer
COPY package.json prisma.config.ts ./
COPY prisma ./prisma
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 8085 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8085/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["manager"]
