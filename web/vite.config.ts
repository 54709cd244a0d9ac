/**
 * How the pages are built: hashed files under `dist/assets`, each with a `.gz` beside it, so that
 * the edge compresses nothing while it serves. Nothing is inlined: the pages run under a strict
 * content security policy.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import vue from '@vitejs/plugin-vue';
import { defineConfig, type Plugin } from 'vite';

const DIST = join(import.meta.dirname, 'dist');
const TEXT = /\.(js|css|html|svg)$/;

const gzipped: Plugin = {
  name: 'gzipped',
  apply: 'build',
  closeBundle() {
    for (const name of readdirSync(DIST, { recursive: true, encoding: 'utf8' }))
      if (TEXT.test(name)) {
        const path = join(DIST, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
  },
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [vue(), gzipped],
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    outDir: DIST,
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The documents of the API are one chunk, asked for by /docs alone.
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: {
      input: ['index.html', 'docs.html'].map((name) => join(import.meta.dirname, name)),
    },
  },
  // `npx vite web` beside a running system: pages as they are written, the API behind them.
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
});
