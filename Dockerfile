# The relay as an image: the compiled package, what it needs to run, and nothing else.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# With the embedded store, conversations and the key that signs tokens are kept here.
RUN mkdir data && chown node data
VOLUME /app/data
USER node
EXPOSE 8787
# Without a shell or npm in between, so that SIGTERM reaches the relay and drains it.
CMD ["node", "dist/package/relay/node/main.js"]
