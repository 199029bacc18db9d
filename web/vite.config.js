// Builds the pages into dist/, which is committed and embedded into the program.
import { brotliCompressSync, constants } from "node:zlib";
import { defineConfig } from "vite";

/** Beside each text file the same as brotli, so that the program need not compress. */
const brotli = {
  name: "brotli",
  enforce: "post",
  generateBundle: {
    // After Vite has put the last things in place in the code.
    order: "post",
    handler(_, bundle) {
      for (const file of Object.values(bundle)) {
        // The page itself is completed by the program.
        if (file.fileName.endsWith(".html")) continue;
        const source = Buffer.from(file.type === "chunk" ? file.code : file.source);
        const params = {
          [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
          [constants.BROTLI_PARAM_SIZE_HINT]: source.length,
        };
        this.emitFile({ type: "asset", fileName: `${file.fileName}.br`, source: brotliCompressSync(source, { params }) });
      }
    },
  },
};

// Each page is a build of its own: chunks that they shared would compress worse, and the patient's page
// is to be light.
export default defineConfig(({ mode }) => ({
  plugins: [brotli],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the content security policy has no `data:`
    modulePreload: { polyfill: false },
    rolldownOptions: { input: mode === "console" ? "console.html" : "call.html" },
    emptyOutDir: mode !== "console",
    reportCompressedSize: false,
    // Whose code is in it, and on what terms.
    license: { fileName: "licences.md" },
    chunkSizeWarningLimit: 1000,
  },
}));
