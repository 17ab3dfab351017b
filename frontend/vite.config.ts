import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const SERVICE = process.env['PNEUMOCAM_SERVICE'] ?? 'http://localhost:8000'

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  server: {
    proxy: Object.fromEntries(
      ['/v1', '/openapi.json', '/livez', '/readyz'].map((path) => [
        path,
        // The host stays as the browser sees it: the service compares it with the Origin.
        { target: SERVICE, changeOrigin: false },
      ]),
    ),
  },
  build: {
    // Nothing becomes a data: URL, so that the Content-Security-Policy can stay narrow.
    assetsInlineLimit: 0,
    target: 'es2022',
    rolldownOptions: {
      // What jsPDF loads for what is not done here: pages of HTML and drawings of SVG.
      external: ['html2canvas', 'dompurify', 'canvg'],
      // The dashboard, and the reference of the API beside it.
      input: ['index.html', 'docs/index.html'],
    },
  },
  test: {
    environment: 'jsdom',
    environmentOptions: { jsdom: { url: 'http://localhost:8000/' } },
    setupFiles: ['./src/testing/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    testTimeout: 30_000,
  },
})
